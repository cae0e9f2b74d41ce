/** What somebody changes behind the service's back while it leads: found at the next look, named once, with what mends it. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Check } from '../../src/checks/check.ts';
import { runHere, runJsonHere } from '../cli/cli-here.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import type { LogLine } from '../support/service-process.ts';
import { startServiceHere, type ServiceHere } from '../support/service-here.ts';
import { startRefused } from '../start/refusal.ts';

let database: InstalledDatabase;
let receiver: Receiver;

beforeAll(async () => {
  database = await createInstalledDatabase();
  receiver = await startReceiver();
  await database.dba.query(`
    create table note (id int primary key, "companyId" text not null);
    create unique index note_key on note ("companyId", id);
    select rowhook.enable_table('note')`);
  await database
    .appAs('acme')
    .query(`insert into rowhook.webhook (name, table_name, url, on_insert) values ('n', 'note', $1, true)`, [
      receiver.url,
    ]);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function start(lookEveryMs = 50): Promise<ServiceHere> {
  return startServiceHere({ databaseUrl: database.serviceUrl, lookEveryMs });
}

async function statusOf(check: string): Promise<Check | undefined> {
  const env = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
  const { json } = await runJsonHere(['status'], env);
  return (json as { checks: Check[] }).checks.find((each) => each.check === check);
}

interface Change {
  readonly how: string;
  readonly change: string;
  readonly level: 'fail' | 'warn';
  readonly detail: RegExp;
  /** The first major of Postgres that has it. */
  readonly since?: number;
}

const changes: readonly Change[] = [
  {
    how: 'taken out of the publication',
    change: 'alter publication rowhook drop table note',
    level: 'fail',
    detail: /is not in the publication/,
  },
  {
    how: 'given another identity',
    change: 'alter table note replica identity default',
    level: 'warn',
    detail: /has lost identity full/,
  },
  {
    how: 'left without identity',
    change: 'alter table note replica identity nothing',
    level: 'fail',
    detail: /has no replica identity/,
  },
  {
    how: 'left without its company column',
    change: 'alter table note rename "companyId" to tenant',
    level: 'fail',
    detail: /has no column "companyId"/,
  },
  {
    how: 'renamed',
    change: 'alter table note rename to memo',
    level: 'fail',
    detail: /is public\.memo now/,
  },
  {
    how: 'published with a row filter',
    change: `alter publication rowhook drop table note;
             alter publication rowhook add table note where ("companyId" <> 'x')`,
    level: 'fail',
    detail: /row filter/,
    since: 15,
  },
  {
    how: 'published with a column list',
    change: `alter table note replica identity using index note_key; alter publication rowhook drop table note;
             alter publication rowhook add table note (id, "companyId")`,
    level: 'fail',
    detail: /column list/,
    since: 15,
  },
];

const putBack = `
  do $$ begin
    if to_regclass('memo') is not null then alter table memo rename to note; end if;
    if exists (select from pg_attribute where attrelid = 'note'::regclass and attname = 'tenant') then
      alter table note rename tenant to "companyId";
    end if;
    alter publication rowhook set table rowhook.webhook, rowhook.subscribable_table, note;
    alter table note replica identity full;
  end $$`;

test('a table that is changed behind our back is a warning, once for each finding, as status has it', async () => {
  const here = inject('postgresMajor');
  await using service = await start();
  for (const { how, change, level, detail, since = 14 } of changes) {
    if (here < since) continue;
    const before = service.logs.length;
    const later = (wanted: (line: LogLine) => boolean): Promise<LogLine> =>
      service.waitForLog((line) => service.logs.indexOf(line) >= before && wanted(line));
    await database.dba.query(change);
    const warning = await later(({ check, msg }) => check === 'table note' && detail.test(msg));
    expect(warning, how).toMatchObject({ level: 40, remedy: expect.stringContaining('note') as string });
    if (how === 'given another identity') {
      expect(await statusOf('table note')).toMatchObject({ status: level, remedy: warning['remedy'] });
    }
    await database.dba.query(putBack);
    await later(({ check, msg }) => check === 'table note' && msg.includes('no more') && detail.test(msg));
    expect(service.logs.slice(before).filter(({ check }) => check === 'table note')).toHaveLength(2);
  }
  // Found by the very first look, and there ever since.
  expect(service.logs.filter(({ check }) => check === 'max_slot_wal_keep_size')).toHaveLength(1);
});

test('a check that may not look is a warning of its own, and keeps the service from nothing', async () => {
  const look = 'execute on function pg_catalog.pg_control_system()';
  await database.admin.query(`revoke ${look} from public`);
  try {
    await using service = await start();
    const warning = await service.waitForLog(({ check }) => check === 'origin');
    expect(warning.msg).toMatch(/^origin: could not be looked at: .*pg_control_system/);
    expect(await statusOf('origin')).toMatchObject({ status: 'warn' });
    expect(await statusOf('tables')).toMatchObject({ status: 'ok' });
  } finally {
    await database.admin.query(`grant ${look} to public`);
  }
});

const anHour = 3_600_000;

// Postgres 18 leaves the changes out of the log without a word; up to 17 it ends the stream, which is noticed before any look.
test.for([
  [1_500, 10],
  [anHour, 20],
] as const)(
  'a publication that is dropped and made again with writes between ends the service, as a start would (a look every %d ms)',
  async ([lookEveryMs, id]) => {
    const isSilent = inject('postgresMajor') >= 18;
    // Nothing but a look finds it; the last one is when the service is stopped.
    const isStopped = lookEveryMs === anHour && isSilent;
    await database.admin.query('delete from rowhook.loss');
    await using service = await start(lookEveryMs);
    await database.app.query(`insert into note values ($1, 'acme')`, [id + 1]);
    await receiver.waitFor((request) => idOf(request) === id + 1);
    await database.admin.query('drop publication rowhook');
    await database.app.query(`insert into note values ($1, 'acme')`, [id + 2]);
    const [behind] = await database.admin.query<{ lsn: string }>('select pg_current_wal_insert_lsn() as lsn');
    await createPublication();
    await database.app.query(`insert into note values ($1, 'acme')`, [id + 3]);
    if (isStopped) {
      await receiver.waitFor((request) => idOf(request) === id + 3);
      await service[Symbol.asyncDispose]();
    } else {
      const error = await service.ended();
      expect(error).toMatchObject({ exitCode: 3 });
      // Whether it is seen while it is gone or after that is chance; a start sees it there again.
      expect(String(error)).toMatch(/is missing, so nothing would arrive|was dropped and created again/);
    }
    const again = await startRefused({ databaseUrl: database.serviceUrl }, 3);
    expect(again).toMatch(/was dropped and created again[^]*rowhook slot recreate --accept-gap/);
    expect(await statusOf('publication')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('was dropped and created again') as string,
      remedy: expect.stringContaining('rowhook slot recreate --accept-gap') as string,
    });

    const env = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
    expect(await runHere(['slot', 'recreate', '--accept-gap'], env)).toMatchObject({ exitCode: 0 });
    await using next = await start();
    await database.app.query(`insert into note values ($1, 'acme')`, [id + 4]);
    await receiver.waitFor((request) => idOf(request) === id + 4);
    expect(receiver.requests.map(idOf)).not.toContain(id + 2);
    // The ledger's gap begins before what was lost, also where later changes were read meanwhile.
    if (!isSilent) expect(receiver.requests.map(idOf)).not.toContain(id + 3);
    const gaps = await database.admin.query(
      `select ('x' || split_part(from_position, '-', 2))::bit(64)::int8 < $1::pg_lsn - '0/0'::pg_lsn as is_before
       from rowhook.loss where reason = 'gap'`,
      [behind?.lsn],
    );
    expect(gaps).toEqual([{ is_before: 't' }]);
    expect(next.logs.map(({ msg }) => msg)).toContain('streaming');
  },
);

test('options of the publication that change while it leads end the service with the statement that sets them back', async () => {
  await using service = await start();
  await database.dba.query(`alter publication rowhook set (publish = 'insert, update')`);
  const error = await service.ended();
  expect(error).toMatchObject({
    exitCode: 3,
    message: expect.stringContaining('pubdelete: was true, is false') as string,
    remedy: expect.stringContaining('alter publication rowhook set (publish =') as string,
  });
  const atStart = await startRefused({ databaseUrl: database.serviceUrl }, 3);
  expect(atStart).toContain((error as Error).message);
  await database.dba.query(`alter publication rowhook set (publish = 'insert, update, delete, truncate')`);
});

async function createPublication(): Promise<void> {
  const [server] = await database.query<{ generated: string }>(
    `select case when current_setting('server_version_num')::int >= 180000
                 then ', publish_generated_columns = stored' else '' end as generated`,
  );
  await database.admin.query(
    `create publication rowhook for table rowhook.webhook, rowhook.subscribable_table, note
       with (publish_via_partition_root = true${server?.generated ?? ''});
     alter publication rowhook owner to rowhook_dba`,
  );
}

function idOf(request: ReceivedRequest): number {
  return (request.json() as unknown as { record: { id: number } }).record.id;
}
