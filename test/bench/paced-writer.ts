// An application that commits one statement at a time, of a row unless it is told of more, so many a second, whether or not the earlier ones are done; each with the moment in which
// its statement was sent. A process of its own. Prints how fast it really was, and how long its commits took.
import pg from 'pg';
import { monotonicMicros } from './clock.ts';

export interface PacedWrites {
  readonly databaseUrl: string;
  readonly company: string;
  /** So many of a statement, each of another company: `company 1` and so on in turn, of `companies`, instead of `company`. */
  readonly rows?: { readonly each: number; readonly companies: number };
  readonly perSecond: number;
  readonly count: number;
  readonly noteBytes: number;
}

export interface Written {
  readonly perSecond: number;
  readonly commitMicros: readonly number[];
}

const connections = 16;

const { databaseUrl, company, rows, perSecond, count, noteBytes } = JSON.parse(
  process.argv[2] ?? '',
) as PacedWrites;
const note = 'n'.repeat(noteBytes);
const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: databaseUrl }));
await Promise.all(clients.map(async (client) => await client.connect()));
const free = [...clients];
const commitMicros: number[] = [];
const done = Promise.withResolvers<undefined>();
const beganAt = performance.now();
let begun = 0;

function writeDue(): void {
  const due = Math.min(count, Math.floor(((performance.now() - beganAt) / 1000) * perSecond));
  while (begun < due) {
    const client = free.pop();
    if (client === undefined) return;
    begun += 1;
    write(client).catch(done.reject);
  }
}

const statement =
  rows === undefined
    ? 'insert into erp.item (tenant, sent_at, note) values ($1, $2, $3)'
    : `insert into erp.item (tenant, sent_at, note)
       select 'company ' || ($1::int + n) % ${rows.companies} + 1, $2, $3 from generate_series(1, ${rows.each}) n`;

async function write(client: pg.Client): Promise<void> {
  const sentAt = monotonicMicros();
  await client.query({
    name: 'write',
    text: statement,
    values: [rows === undefined ? company : begun * rows.each, sentAt, note],
  });
  commitMicros.push(monotonicMicros() - sentAt);
  free.push(client);
  if (commitMicros.length === count) done.resolve(undefined);
  else writeDue();
}

const timer = setInterval(writeDue, 1);
await done.promise;
clearInterval(timer);
const seconds = (performance.now() - beganAt) / 1000;
await Promise.all(clients.map(async (client) => await client.end()));
process.stdout.write(JSON.stringify({ perSecond: count / seconds, commitMicros } satisfies Written));
