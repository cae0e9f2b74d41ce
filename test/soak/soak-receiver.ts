// The endpoints of a soak, as a process of its own: /ok/n answers 200, /unavailable/n 503, /reset/n breaks the connection, /hang/n does not
// answer before `GET /release`. `GET /counts` tells what came to each path. Its first line on stdout is its URL.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PathCounts } from './endpoints.ts';

const counts = new Map<string, PathCounts>();
const newest = new Map<string, number>();
const held = new Map<ServerResponse, PathCounts>();
let isReleased = false;

function countsOf(path: string): PathCounts {
  const known = counts.get(path) ?? { received: 0, answered: 0, givenUp: 0, outOfOrder: 0 };
  counts.set(path, known);
  return known;
}

// The record's first two columns; parsing all of it would make the receiver the limit.
function look(path: string, body: string, count: PathCounts): void {
  const [, id = '', version = ''] = /"record":\{"id":(\d+),"version":(\d+)/.exec(body) ?? [];
  const record = `${path} ${id}`;
  count.received += 1;
  if (Number(version) <= (newest.get(record) ?? 0)) count.outOfOrder += 1;
  newest.set(record, Number(version));
}

function answer(path: string, response: ServerResponse): void {
  const count = countsOf(path);
  const [, kind] = path.split('/');
  if (kind === 'hang' && !isReleased) {
    held.set(response, count);
    response.on('close', () => held.delete(response) && (count.givenUp += 1));
    return;
  }
  count.answered += 1;
  if (kind === 'reset') response.socket?.resetAndDestroy();
  else response.writeHead(kind === 'unavailable' ? 503 : 200).end();
}

function tell(path: string): string {
  if (path === '/counts') return JSON.stringify(Object.fromEntries(counts));
  isReleased = true;
  for (const [response, count] of held) {
    held.delete(response);
    count.answered += 1;
    response.end();
  }
  return 'released';
}

const server = createServer((request, response) => {
  const path = request.url ?? '';
  if (request.method === 'GET') {
    response.end(tell(path));
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('error', () => undefined);
  request.on('end', () => {
    look(path, Buffer.concat(chunks).toString('latin1'), countsOf(path));
    answer(path, response);
  });
});
server.listen(0, '127.0.0.1', 1024, () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it is gone.
process.stdin.on('close', () => process.exit()).resume();
