/**
 * A receiver of rowhook's webhooks, complete, with nothing but Node.js 22.18 or newer:
 *
 *     WEBHOOK_PATH=/hook/a-long-secret PORT=8080 node examples/receiver.ts
 *
 * It stores what came, answers, and works afterwards. What was answered with 204 is neither lost nor done twice, also when the process
 * is killed: a change waits in `inbox` until the transaction that does its work takes it out.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';

type Row = Readonly<Record<string, unknown>>;

interface Change {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
  readonly table: string;
  readonly record: Row | null;
  readonly old?: Row | null;
  readonly unchanged?: readonly string[];
}

const { env } = process;
// There is no signature: whoever knows the path is let in, so it holds a secret, and the webhook's URL is https.
const secretPath = env['WEBHOOK_PATH'] ?? '/hook/change-me';
const keyColumns = (env['KEY_COLUMNS'] ?? 'id').split(',');
// No payload of rowhook is larger.
const maxBytes = 16 * 1024 * 1024;

const db = new DatabaseSync(env['RECEIVER_DATABASE'] ?? 'receiver.sqlite');
db.exec(`
  pragma journal_mode = wal;
  pragma synchronous = full;
  create table if not exists inbox (n integer primary key autoincrement, body text not null, is_resend integer not null);
  create table if not exists copy (table_name text, key text, record text, last_body text not null, primary key (table_name, key));
  create table if not exists history (n integer primary key autoincrement, type text, table_name text, key text, record text);
`);
const store = db.prepare('insert into inbox (body, is_resend) values (?, ?)');
const next = db.prepare('select n, body, is_resend from inbox order by n limit 1');
const remove = db.prepare('delete from inbox where n = ?');
const find = db.prepare('select record, last_body from copy where table_name = ? and key = ?');
const save = db.prepare(
  'insert or replace into copy (table_name, key, record, last_body) values (?, ?, ?, ?)',
);
const empty = db.prepare('delete from copy where table_name = ?');
const note = db.prepare('insert into history (type, table_name, key, record) values (?, ?, ?, ?)');

/** Numbers that JavaScript would round become strings with all their digits: docs/payload.md, "Numbers". */
function parse(body: string): Change {
  return JSON.parse(body, (_key, value: unknown, { source = '' }: { source?: string } = {}) => {
    if (typeof value !== 'number') return value;
    return /^-?\d+$/.test(source) && Number.isSafeInteger(value) ? value : source;
  }) as Change;
}

/** null: the row does not have the key columns. */
function keyOf(row: Row | null | undefined): string | null {
  const values = keyColumns.map((column) => row?.[column]);
  return values.includes(undefined) ? null : JSON.stringify(values);
}

/**
 * What the webhook is for. Here: the copy of the row, and a line of its history, in the same transaction as the inbox. False: there was
 * nothing to do.
 */
function work(change: Change, body: string, isResend: boolean): boolean {
  const { type, table, record, old, unchanged = [] } = change;
  if (type === 'TRUNCATE') {
    empty.run(table);
    note.run(type, table, null, null);
    return true;
  }
  const key = keyOf(record);
  if (key === null) throw new Error(`a row of ${table} without ${keyColumns.join(', ')}`);
  const known = find.get(table, keyOf(old) ?? key);
  const before = typeof known?.['record'] === 'string' ? (JSON.parse(known['record']) as Row) : null;

  // The payload has no id of its change. But whoever repeats a request (a proxy, for one) repeats the record's last: rowhook sends its
  // next one only after the answer. The same once more leads to where the record is already.
  if (find.get(table, key)?.['last_body'] === body) return false;
  // Somebody has it sent again, and it may be old by now: it is good for a copy that is where this change began. With `old` null it is
  // the row as it is now.
  if (isResend && old !== null && !isDeepStrictEqual(before, old ?? null)) return false;

  // A large value that did not change is left out: keep the one that is here.
  const kept = Object.fromEntries(
    unchanged.flatMap((name) => (before && name in before ? [[name, before[name]]] : [])),
  );
  const after = type === 'DELETE' ? null : JSON.stringify({ ...kept, ...record });
  const oldKey = keyOf(old);
  if (oldKey !== null && oldKey !== key) save.run(table, oldKey, null, body);
  save.run(table, key, after, body);
  note.run(type, table, key, JSON.stringify(record));
  return true;
}

/** A line for each change; what is printed is no part of the work, and is not done again when the process is killed here. */
function tell({ type, table, record }: Change, isDone: boolean): void {
  const key = type === 'TRUNCATE' ? '' : ` ${keyOf(record)}`;
  process.stdout.write(`${type} ${table}${key}${isDone ? '' : ' (nothing to do)'}\n`);
}

/** One change after the other, in the order in which they came, which is the right one for each record. */
function workOff(): void {
  for (;;) {
    const row = next.get();
    if (row === undefined) return;
    const body = String(row['body']);
    const change = parse(body);
    let isDone: boolean;
    db.exec('begin immediate');
    try {
      isDone = work(change, body, row['is_resend'] === 1);
      remove.run(Number(row['n']));
      db.exec('commit');
    } catch (error) {
      db.exec('rollback');
      throw error;
    }
    tell(change, isDone);
  }
}

function isSecret(path: string | undefined): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(path ?? ''), hash(secretPath));
}

/** null: it is larger than any payload. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The status to answer with; once it is 204, what came is on the disk. */
async function receive(request: IncomingMessage): Promise<number> {
  if (!isSecret(request.url)) return 404;
  if (request.method !== 'POST') return 405;
  if (request.headers['content-type'] !== 'application/json') return 415;
  const body = await readBody(request);
  if (body === null) return 413;
  try {
    const change = parse(body);
    if (change.type !== 'TRUNCATE' && keyOf(change.record) === null) return 422;
  } catch {
    return 400;
  }
  const mark = request.headers['rowhook-delivery'];
  if (mark === 'test') return 204;
  store.run(body, mark === 'resend' ? 1 : 0);
  setImmediate(workOff);
  return 204;
}

const server = createServer((request, response) => {
  receive(request).then(
    (status) => {
      // What was not read to its end leaves a connection that cannot be used again.
      response.writeHead(status, request.complete ? {} : { connection: 'close' }).end();
    },
    () => request.destroy(),
  );
});
// Longer than rowhook keeps a connection idle (3.5 s), so that it is never closed here while a request is on its way.
server.keepAliveTimeout = 75_000;
server.listen(Number(env['PORT'] ?? '8080'), env['HOST'] ?? '127.0.0.1', () => {
  const { address, port } = server.address() as AddressInfo;
  process.stdout.write(`listening on http://${address}:${port}\n`);
  workOff();
});
