// A receiver in a process of its own that costs so little that it is not the limit: HTTP/1.1 straight on sockets, POSTs with a
// content length only, and a constant answer. It counts by path and notes when the first and the last arrived. What a path does stands
// in it: /delay/50 answers after 50 ms, /hang never, /timed notes how long ago the row's `sent_at` was. Counts are asked for on a
// second port, which its first line on stdout tells with the first. With a certificate in its arguments it speaks TLS.
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { monotonicMicros } from './clock.ts';

interface Arrivals {
  count: number;
  firstAt: number;
  lastAt: number;
  readonly latencies: number[];
  lastBody: string;
}

const answer = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n');
const endOfHead = Buffer.from('\r\n\r\n');
const sentAtKey = Buffer.from('"sent_at":');
const arrivals = new Map<string, Arrivals>();
let connections = 0;

function arrivalsAt(path: string): Arrivals {
  const known = arrivals.get(path);
  if (known !== undefined) return known;
  const fresh: Arrivals = { count: 0, firstAt: 0, lastAt: 0, latencies: [], lastBody: '' };
  arrivals.set(path, fresh);
  return fresh;
}

function note(path: string, body: Buffer): void {
  const seen = arrivalsAt(path);
  seen.lastAt = monotonicMicros();
  if (seen.count === 0) {
    seen.firstAt = seen.lastAt;
    seen.lastBody = body.toString();
  }
  seen.count += 1;
  if (!path.startsWith('/timed')) return;
  const at = body.indexOf(sentAtKey) + sentAtKey.length;
  seen.latencies.push(seen.lastAt - parseInt(body.toString('latin1', at, at + 20), 10));
}

function reply(socket: Socket, path: string): void {
  if (path.startsWith('/hang')) return;
  const delayMs = path.startsWith('/delay/') ? Number(path.slice('/delay/'.length)) : 0;
  if (delayMs > 0) setTimeout(() => socket.write(answer), delayMs);
  else socket.write(answer);
}

/** What is left is the beginning of a request. */
function takeRequests(socket: Socket, received: Buffer): Buffer {
  let rest = received;
  for (;;) {
    const headEnd = rest.indexOf(endOfHead);
    if (headEnd === -1) return rest;
    const head = rest.toString('latin1', 0, headEnd);
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined || !head.startsWith('POST '))
      throw new Error(`not a POST with a length: ${head}`);
    const end = headEnd + endOfHead.length + Number(length);
    if (rest.length < end) return rest;
    const path = head.slice('POST '.length, head.indexOf(' ', 'POST '.length));
    note(path, rest.subarray(headEnd + endOfHead.length, end));
    reply(socket, path);
    rest = rest.subarray(end);
  }
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  connections += 1;
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    rest = takeRequests(socket, rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
  });
  socket.on('error', () => socket.destroy());
}

const control = createHttpServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://control');
  const path = searchParams.get('path') ?? '';
  if (pathname === '/reset') {
    arrivals.clear();
    connections = 0;
  }
  response.end(JSON.stringify(pathname === '/reset' ? null : told(pathname, arrivalsAt(path))));
});

function told(what: string, { latencies, lastBody, ...counted }: Arrivals): unknown {
  if (what === '/latencies') return latencies;
  return what === '/body' ? lastBody : { ...counted, connections };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const [key, cert] = process.argv.slice(2);
const isTls = key !== undefined && cert !== undefined;
const port = await listen(isTls ? createTlsServer({ key, cert }, serve) : createServer(serve));
const controlPort = await listen(control);
process.stdout.write(
  `${JSON.stringify({
    url: `${isTls ? 'https' : 'http'}://127.0.0.1:${port}`,
    controlUrl: `http://127.0.0.1:${controlPort}`,
  })}\n`,
);
// Whoever started it is gone.
process.stdin.on('close', () => process.exit()).resume();
