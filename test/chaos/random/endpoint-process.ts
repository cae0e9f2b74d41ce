/**
 * The endpoint that `endpoint.ts` starts: writes down each request before it answers, so that its own death loses none. Arguments: the
 * port (0: any) and the log's file.
 */
import { openSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { isRejected } from './endpoint-log.ts';

const [port, logFile] = process.argv.slice(2);
const log = openSync(logFile ?? '', 'a');
const openedAt = new WeakMap<object, number>();
let isToDie = false;

const server = createServer((request, response) => {
  receive(request, response).catch(() => undefined);
});
server.on('connection', (socket) => {
  openedAt.set(socket, Date.now());
  socket.on('error', () => undefined);
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('message', () => (isToDie = true));
// Whoever started it is gone.
process.on('disconnect', () => process.exit());

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body: unknown = JSON.parse(await text(request));
  const { type, record } = body as { type: string; record: { id: number; version: number } };
  const path = request.url ?? '';
  const { id, version } = record;
  const opened = openedAt.get(request.socket) ?? 0;
  writeSync(log, `${Date.now()} ${opened} ${path.slice(1)} ${type} ${id} ${version}\n`);
  if (path.endsWith('-slow')) await delay(10);
  response.writeHead(isRejected(version) ? 503 : 200).end();
  if (isToDie) process.kill(process.pid, 'SIGKILL');
}
