// What nobody can be faster than: one commit after another, alone, and one bare POST after another, alone; as a process of its own.
// Prints how long the commits took. The receiver knows how long the POSTs did, from the moment that stands in each.
import pg from 'pg';
import { Pool } from 'undici';
import { monotonicMicros } from './clock.ts';

export interface OneByOne {
  readonly databaseUrl: string;
  readonly url: string;
  readonly count: number;
  readonly noteBytes: number;
}

const { databaseUrl, url, count, noteBytes } = JSON.parse(process.argv[2] ?? '') as OneByOne;
const note = 'n'.repeat(noteBytes);

const commitMicros: number[] = [];
const client = new pg.Client({ connectionString: databaseUrl });
await client.connect();
for (let n = 0; n < count; n++) {
  const sentAt = monotonicMicros();
  const values = ['alone', sentAt, note];
  const text = 'insert into erp.plain (tenant, sent_at, note) values ($1, $2, $3)';
  await client.query({ name: 'write', text, values });
  commitMicros.push(monotonicMicros() - sentAt);
}
await client.end();

const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections: 1, pipelining: 1 });
for (let id = 0; id < count; id++) {
  const record = { id, tenant: 'alone', sent_at: monotonicMicros(), note };
  const answer = await pool.request({
    method: 'POST',
    path: pathname,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'INSERT', table: 'item', companyId: 'alone', record }),
  });
  await answer.body.dump();
}
await pool.close();
process.stdout.write(JSON.stringify({ commitMicros }));
