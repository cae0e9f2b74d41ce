// A receiver in a process of its own: it counts POSTs and tells its count to whoever asks with GET. /hangs never answers; /ordered does once
// `GET /ordered/release` was asked, and then `GET /ordered/faults` tells how often a record's version was not the newest that
// it had seen. Its first line on stdout is its URL.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const counts = new Map<string, number>();
const newest = new Map<number, number>();
let faults = 0;
let isReleased = false;
let held: ServerResponse[] = [];

function look(body: string): void {
  const { record } = JSON.parse(body) as { record: { id: number; version: number } };
  if (record.version <= (newest.get(record.id) ?? -1)) faults += 1;
  newest.set(record.id, record.version);
}

function answer(path: string, response: ServerResponse): void {
  counts.set(path, (counts.get(path) ?? 0) + 1);
  response.end();
}

function tell(path: string): string {
  if (path === '/ordered/faults') return String(faults);
  if (path !== '/ordered/release') return String(counts.get(path) ?? 0);
  isReleased = true;
  for (const response of held) if (!response.destroyed) answer('/ordered', response);
  held = [];
  return 'released';
}

const server = createServer((request, response) => {
  const path = request.url ?? '';
  if (request.method === 'GET') {
    response.end(tell(path));
    return;
  }
  if (path === '/hangs') {
    request.resume();
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => path === '/ordered' && chunks.push(chunk));
  request.on('end', () => {
    if (path === '/ordered') look(Buffer.concat(chunks).toString());
    if (path === '/ordered' && !isReleased) held.push(response);
    else answer(path, response);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it is gone.
process.stdin.on('close', () => process.exit()).resume();
