// Shows what the receiver can take: requests written to its sockets ready-made, several at a time, and answers only counted by their
// length. No client of HTTP could be cheaper.
import { connect } from 'node:net';
import type { BareLoop } from './bare-loop.ts';

const requestsAtOnce = 8;
const answerBytes = 'HTTP/1.1 204 No Content\r\n\r\n'.length;

const { url, body, connections, count } = JSON.parse(process.argv[2] ?? '') as BareLoop;
const { hostname, port, pathname } = new URL(url);
const request = `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const batch = Buffer.from(request.repeat(requestsAtOnce));

async function drive(batches: number): Promise<void> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let left = batches;
  let missing = 0;
  const next = (): void => {
    if (left === 0) return void socket.end();
    left -= 1;
    missing = answerBytes * requestsAtOnce;
    socket.write(batch);
  };
  socket.on('connect', next);
  socket.on('data', (chunk: Buffer) => {
    missing -= chunk.length;
    if (missing === 0) next();
  });
  await new Promise((resolve, reject) => socket.on('close', resolve).on('error', reject));
}

const batches = Math.ceil(count / requestsAtOnce / connections);
await Promise.all(Array.from({ length: connections }, async () => await drive(batches)));
process.stdout.write(`${JSON.stringify({ sent: batches * requestsAtOnce * connections })}\n`);
