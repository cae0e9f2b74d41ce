// A row that Postgres itself cannot send, because it is longer than 1 GB in text form: the service ends and says where, and an operator's
// command goes on after that transaction.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere } from '../cli/cli-here.ts';
import type { CliResult } from '../cli/run-cli.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { heldAnswers } from '../service/scene.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';

let database: InstalledDatabase;
let receiver: Receiver;

beforeAll(async () => {
  database = await createInstalledDatabase();
  receiver = await startReceiver();
  await database.dba.query(`create table note (id int primary key, "companyId" text, bits varbit)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
});

afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

// Stored in 2 MB, 1.3 GB long when printed.
const bits = `(select x || x || x || x from (select x || x || x || x as x from (select 0::bit(83886080)::varbit as x) x) x)`;

async function createWebhook(id: string): Promise<void> {
  await database
    .appAs('acme')
    .query(
      `insert into rowhook.webhook (id, name, table_name, url, on_insert) values ($1, $1, 'note', $2, true)`,
      [id, `${receiver.url}/${id}`],
    );
}

async function skip(...args: readonly string[]): Promise<CliResult> {
  return await runHere(['slot', 'skip', ...args], {
    DATABASE_URL: database.serviceUrl,
    ROWHOOK_SLOT: database.name,
  });
}

function received(id: string): unknown[] {
  return receiver
    .requestsTo(`/${id}`)
    .map((request) => (JSON.parse(request.body) as { record: { id: number } }).record.id);
}

async function insert(id: number): Promise<void> {
  await database.app.query(`insert into note values ($1, 'acme')`, [id]);
}

const lsnIn = /rowhook slot skip ([0-9A-F]+\/[0-9A-F]+) --accept-gap/;

/** Holds the first of two changes to one record until the service has met the row; returns what it wrote until its end. */
async function readToTheRow(): Promise<string> {
  const held = heldAnswers();
  receiver.behave(held.behaviour, '/kept');
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.waitForLog('Postgres cannot send a transaction; finishing what was read before');
  expect(received('kept').filter((id) => id === 7)).toHaveLength(1);
  held.release();
  expect(await service.exited).toMatchObject({ code: 3 });
  return service.output;
}

test('the service ends at such a transaction and names it, and after `slot skip` everything later arrives, nothing twice', async () => {
  for (const id of ['kept', 'gone']) await createWebhook(id);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await insert(1);
    await receiver.waitFor(1, { path: '/kept' });
    const refused = await skip('0/1', '--accept-gap');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/is being read by pid \d+\.\nStop that service first/);
    expect(await service.kill('SIGTERM')).toMatchObject({ code: 0 });
  }
  expect((await skip('0/1', '--accept-gap')).stderr).toContain('none is known');

  await insert(7);
  await database.app.query(`delete from note`);
  await insert(7);
  await using session = await database.connect(database.adminUrl);
  await session.query(`begin; insert into note values (2, 'acme'); insert into note select 3, 'acme', ${bits};
                       insert into note values (4, 'acme'); delete from rowhook.webhook where id = 'gone'; savepoint made`);
  await session.query(
    `insert into rowhook.webhook (id, name, company_id, table_name, url, on_insert)
     values ('made', 'made', 'acme', 'note', $1, true)`,
    [`${receiver.url}/made`],
  );
  await session.query('commit');
  await insert(5);

  const first = await readToTheRow();
  expect(first).toMatch(
    /cannot send the transaction that committed at [0-9A-F/]+ \(20\d\d-.*Z, transaction id \d+\).*1 GB/,
  );
  expect(first).toContain('All that was committed before it is settled.');
  const lsn = lsnIn.exec(first)?.[1] ?? '';
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    expect(await service.exited).toMatchObject({ code: 3 });
    expect(lsnIn.exec(service.output)?.[1]).toBe(lsn);
  }
  expect(received('kept').sort()).toEqual([1, 2, 7, 7]);

  expect(await skip(lsn)).toMatchObject({ exitCode: 2 });
  const malformed = await skip('nowhere', '--accept-gap');
  expect(malformed.exitCode).toBe(2);
  expect(malformed.stderr).toContain('"nowhere" is not a position in the log');
  const elsewhere = await skip('0/1', '--accept-gap');
  expect(elsewhere.exitCode).toBe(1);
  expect(elsewhere.stderr).toContain(`but before the one at ${lsn}`);
  // It fails after the ledger was written.
  await database.admin.query(`alter role ${database.service.role} noreplication`);
  expect((await skip(lsn, '--accept-gap')).exitCode).not.toBe(0);
  await database.admin.query(`alter role ${database.service.role} replication`);
  const skipped = await skip(lsn, '--accept-gap', '--json');
  expect(skipped).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(skipped.stdout)).toMatchObject({ slot: database.name, lsn, webhooks: 2, interrupted: 0 });

  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insert(6);
  await receiver.waitFor(6, { path: '/kept' });
  await receiver.waitFor(2, { path: '/made' });
  expect(received('kept').slice(4)).toEqual([5, 6]);
  expect(received('made')).toEqual([5, 6]);
  // Deleted by that very transaction: what waited for it is dropped.
  expect(received('gone')).not.toContain(5);
  const [id] = lsn.split('/').map((part) => part.padStart(8, '0'));
  const losses = await database.admin.query(
    `select webhook_id, reason, count, from_position, to_position, detail from rowhook.loss where reason = 'gap' order by 1`,
  );
  expect(losses).toEqual(
    ['kept', 'made'].map((webhook) => ({
      webhook_id: webhook,
      reason: 'gap',
      count: null,
      from_position: expect.stringMatching(new RegExp(`^1-${id}.*-1$`)) as string,
      to_position: expect.stringMatching(new RegExp(`^1-${id}.*-0$`)) as string,
      detail: expect.stringContaining('Postgres could not send the transaction: ') as string,
    })),
  );
  await waitUntil(
    async () => {
      const rows = await database.admin.query(
        `select webhook_id, claimed_count, success_count from rowhook.webhook_counter order by 1`,
      );
      return JSON.stringify(rows.map((row) => Object.values(row))) === '[["kept","6","6"],["made","2","2"]]';
    },
    { describe: 'the counters of both webhooks' },
  );
  expect(await skip(lsn, '--accept-gap')).toMatchObject({ exitCode: 1 });
}, 120_000);
