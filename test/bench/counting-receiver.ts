// A receiver in a process of its own: it counts POSTs and tells its count to whoever asks with GET. /hangs never answers. Its first line
// on stdout is its URL.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const counts = new Map<string, number>();

const server = createServer((request, response) => {
  const path = request.url ?? '';
  if (request.method === 'GET') {
    response.end(String(counts.get(path) ?? 0));
    return;
  }
  request.resume();
  if (path === '/hangs') return;
  request.on('end', () => {
    counts.set(path, (counts.get(path) ?? 0) + 1);
    response.end();
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it is gone.
process.stdin.on('close', () => process.exit()).resume();
