/** A DNS server on loopback (RFC 1035, just enough): answers A and AAAA questions as the test tells it to, or not at all. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';

export interface Question {
  readonly name: string;
  readonly type: 'A' | 'AAAA';
}

/** Addresses, of the family asked for; an error; or silence. */
export type DnsAnswer = readonly string[] | 'SERVFAIL' | 'NXDOMAIN' | 'silence';

const codes = { SERVFAIL: 2, NXDOMAIN: 3 } as const;

export async function startDnsServer(answer: (question: Question) => DnsAnswer) {
  const socket = createSocket('udp4');
  const questions: Question[] = [];
  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    const { question, end } = readQuestion(message);
    questions.push(question);
    const answered = answer(question);
    if (answered !== 'silence')
      socket.send(reply(message.subarray(0, end), question, answered), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    server: `127.0.0.1:${socket.address().port}`,
    questions,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readQuestion(message: Buffer): { question: Question; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = message.readUInt16BE(at + 1) === 28 ? 'AAAA' : 'A';
  return { question: { name: labels.join('.').toLowerCase(), type }, end: at + 5 };
}

function reply(asked: Buffer, { type }: Question, answered: Exclude<DnsAnswer, 'silence'>): Buffer {
  const head = Buffer.from(asked);
  const addresses = typeof answered === 'string' ? [] : answered;
  head.writeUInt16BE(0x8180 | (typeof answered === 'string' ? codes[answered] : 0), 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const records = addresses.map((address) => {
    const data =
      type === 'A' ? Buffer.from(address.split('.').map(Number)) : Buffer.from(expanded(address), 'hex');
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type === 'A' ? 1 : 28, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, ...records]);
}

function expanded(address: string): string {
  const [before = '', after = ''] = address.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const zeros = 8 - groups(before).length - groups(after).length;
  return [...groups(before), ...Array<string>(zeros).fill('0'), ...groups(after)]
    .map((group) => group.padStart(4, '0'))
    .join('');
}
