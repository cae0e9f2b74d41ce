// Tables that are altered, renamed, dropped and made anew in the middle of a transaction and while the service is down: what was committed
// before arrives with the names of then, and what comes after once the table is enabled again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runJsonHere } from '../cli/cli-here.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
const open = new AsyncDisposableStack();

beforeAll(async () => {
  scene = open.use(
    await openScene(async (database) => {
      await database.dba.query('create schema erp');
    }),
  );
});

afterAll(async () => {
  await open.disposeAsync();
});

async function enable(relation: string, column = 'tenant'): Promise<void> {
  await scene.dba(`select rowhook.enable_table('${relation}', company_column => '${column}')`);
}

/** `erp.<table> (tenant, id, note)`, enabled, with a webhook of its name for acme. */
async function watch(table: string): Promise<void> {
  await scene.dba(`create table erp.${table} (tenant text, id int primary key, note text)`);
  await enable(`erp.${table}`);
  await scene.createWebhook({ name: table, table, company: 'acme' });
}

/** What a webhook received, without what all of it has in common, once there is so much. */
async function told(name: string, count: number): Promise<string[]> {
  const bodies = await scene.waitForBodies(name, count);
  return bodies.map((body) => body.replace(`"table":"${name}","companyId":"acme",`, ''));
}

function inserted(record: string): string {
  return `{"type":"INSERT","record":${record}}`;
}

function updated(record: string, old: string): string {
  return `{"type":"UPDATE","record":${record},"old":${old}}`;
}

function deleted(record: string): string {
  return `{"type":"DELETE","record":${record},"old":${record}}`;
}

async function waitForUndecidable(table: string, count: number): Promise<void> {
  let found = '';
  await waitUntil(
    async () => {
      const losses = (await scene.losses(null)).filter((loss) => loss.table === table);
      found = JSON.stringify(losses);
      return losses.length === 1 && losses[0]?.reason === 'undecidable' && losses[0].count === count;
    },
    { describe: () => `${count} undecidable changes of ${table}; the ledger has ${found}` },
  );
}

const row = '{"tenant":"acme","id":1,"note":"a"}';

describe('in the middle of a transaction', () => {
  test('the rows of a table that is dropped in the end arrive', async () => {
    await watch('short_lived');
    await scene.dba(
      `begin;
       insert into erp.short_lived values ('acme', 1, 'a');
       update erp.short_lived set note = null;
       drop table erp.short_lived;
       commit`,
    );
    expect(await told('short_lived', 2)).toEqual([
      inserted(row),
      updated('{"tenant":"acme","id":1,"note":null}', row),
    ]);
  });

  test('a table that takes the place of another counts once it is enabled, with its own columns', async () => {
    await watch('replaced');
    await scene.dba(
      `begin;
       insert into erp.replaced values ('acme', 1, 'a');
       drop table erp.replaced;
       create table erp.replaced (id int primary key, "note 2" text, tenant text);
       insert into erp.replaced values (2, 'not enabled', 'acme');
       select rowhook.enable_table('erp.replaced', company_column => 'tenant');
       insert into erp.replaced values (3, 'enabled', 'acme');
       commit;`,
      `delete from erp.replaced`,
    );
    const enabled = '{"id":3,"note 2":"enabled","tenant":"acme"}';
    const bodies = await told('replaced', 4);
    expect(bodies.slice(0, 2)).toEqual([inserted(row), inserted(enabled)]);
    expect(bodies.slice(2).toSorted()).toEqual(
      [deleted('{"id":2,"note 2":"not enabled","tenant":"acme"}'), deleted(enabled)].toSorted(),
    );
  });

  test('a table that is renamed and enabled again in one transaction loses nothing', async () => {
    await watch('renamed');
    await scene.dba(
      `insert into erp.renamed values ('acme', 1, 'a')`,
      `begin;
       alter table erp.renamed rename to named;
       select rowhook.enable_table('erp.named', company_column => 'tenant');
       commit;`,
      `delete from erp.named`,
    );
    expect(await told('renamed', 2)).toEqual([inserted(row), deleted(row)]);
  });

  test('a column that gets another type has the one of then, in record and old alike', async () => {
    await watch('retyped');
    await scene.dba(
      `begin;
       insert into erp.retyped values ('acme', 1, '7');
       alter table erp.retyped alter column note type numeric(4,1) using note::numeric;
       update erp.retyped set note = note + 1;
       alter table erp.retyped alter column note type jsonb using jsonb_build_array(note), alter column id type text;
       delete from erp.retyped;
       commit`,
    );
    expect(await told('retyped', 3)).toEqual([
      inserted('{"tenant":"acme","id":1,"note":"7"}'),
      updated('{"tenant":"acme","id":1,"note":8.0}', '{"tenant":"acme","id":1,"note":7.0}'),
      deleted('{"tenant":"acme","id":"1","note":[8.0]}'),
    ]);
  });

  test('rows after the company column is renamed are nobody’s until the table is enabled with its new name', async () => {
    await watch('reowned');
    await scene.dba(
      `begin;
       insert into erp.reowned values ('acme', 1, 'a');
       alter table erp.reowned rename column tenant to owner;
       update erp.reowned set note = 'b';
       commit`,
    );
    await enable('erp.reowned', 'owner');
    await scene.dba(`delete from erp.reowned`);
    expect(await told('reowned', 2)).toEqual([inserted(row), deleted('{"owner":"acme","id":1,"note":"b"}')]);
    await waitForUndecidable('reowned', 1);
  });
});

describe('while the service is down', () => {
  const tables = [
    'down_dropped',
    'down_renamed',
    'down_named',
    'down_remade',
    'down_altered',
    'down_reowned',
  ] as const;
  let troubles = new Map<string, string>();

  beforeAll(async () => {
    for (const table of tables) await watch(table);
    await scene.service.kill('SIGTERM');
    for (const table of tables) await scene.dba(`insert into erp.${table} values ('acme', 1, 'a')`);
    await scene.dba(
      'drop table erp.down_dropped',

      'alter table erp.down_renamed rename to down_renamed_2',
      `insert into erp.down_renamed_2 values ('acme', 2, 'not enabled')`,

      'alter table erp.down_named rename to down_named_2',
      `select rowhook.enable_table('erp.down_named_2', company_column => 'tenant')`,
      `delete from erp.down_named_2`,

      'drop table erp.down_remade',
      'create table erp.down_remade (id int primary key, tenant text)',
      `insert into erp.down_remade values (2, 'acme')`,

      'alter table erp.down_altered add column extra int default 7',
      `update erp.down_altered set note = 'b'`,
      'alter table erp.down_altered rename column note to remark',
      'alter table erp.down_altered alter column extra type text',
      `update erp.down_altered set remark = 'c'`,
      'alter table erp.down_altered drop column extra',
      `delete from erp.down_altered`,

      'alter table erp.down_reowned rename column tenant to owner',
      `update erp.down_reowned set note = 'b'`,
    );
    const service = open.use(startService({ databaseUrl: scene.database.serviceUrl }));
    await service.ready();
    await scene.waitForBodies('down_altered', 4);
    troubles = await statusTroubles(service.slot);
  });

  /** Of the lines about tables, those with a remedy. */
  async function statusTroubles(slot: string): Promise<Map<string, string>> {
    const { json } = await runJsonHere(['status'], {
      DATABASE_URL: scene.database.serviceUrl,
      ROWHOOK_SLOT: slot,
    });
    const { checks } = json as { checks: { check: string; status: string; detail: string }[] };
    return new Map(
      checks.filter(({ status }) => status !== 'ok').map(({ check, detail }) => [check, detail]),
    );
  }

  function troubleOf(table: string): string | undefined {
    return [...troubles].find(([check]) => check.includes(table))?.[1];
  }

  test('a dropped table’s rows of before arrive', async () => {
    expect(await told('down_dropped', 1)).toEqual([inserted(row)]);
    expect(troubleOf('down_dropped')).toContain('erp.down_dropped is gone');
  });

  test('a renamed table’s rows of before arrive, those of after once it is enabled again', async () => {
    expect(await told('down_renamed', 1)).toEqual([inserted(row)]);
    expect(troubleOf('down_renamed')).toContain('is erp.down_renamed_2 now: nothing is sent for it');
    await enable('erp.down_renamed_2');
    await scene.dba(`insert into erp.down_renamed_2 values ('acme', 3, 'enabled')`);
    expect(await told('down_renamed', 2)).toEqual([
      inserted(row),
      inserted('{"tenant":"acme","id":3,"note":"enabled"}'),
    ]);
  });

  test('a table that is renamed and enabled again meanwhile loses nothing', async () => {
    expect(await told('down_named', 2)).toEqual([inserted(row), deleted(row)]);
    expect(troubleOf('down_named')).toBeUndefined();
  });

  test('a table made anew is not read until it is enabled, and status says so', async () => {
    expect(await told('down_remade', 1)).toEqual([inserted(row)]);
    expect(troubleOf('down_remade')).toContain('is not in the publication: nothing is sent for it');
    await enable('erp.down_remade');
    await scene.dba(`insert into erp.down_remade values (3, 'acme')`);
    expect(await told('down_remade', 2)).toEqual([inserted(row), inserted('{"id":3,"tenant":"acme"}')]);
  });

  test('an altered table’s rows have the columns of then', async () => {
    const [b, c] = ['"note":"b"', '"remark":"c"'];
    const with7 = (rest: string, extra: string): string =>
      `{"tenant":"acme","id":1,${rest},"extra":${extra}}`;
    expect(await told('down_altered', 4)).toEqual([
      inserted(row),
      updated(with7(b, '7'), with7('"note":"a"', '7')),
      updated(with7(c, '"7"'), with7('"remark":"b"', '"7"')),
      deleted(`{"tenant":"acme","id":1,${c}}`),
    ]);
  });

  test('rows after the company column is renamed are nobody’s, and status says so', async () => {
    expect(troubleOf('down_reowned')).toContain('has no column "tenant" any more');
    await waitForUndecidable('down_reowned', 1);
    await enable('erp.down_reowned', 'owner');
    await scene.dba(`delete from erp.down_reowned`);
    expect(await told('down_reowned', 2)).toEqual([
      inserted(row),
      deleted('{"owner":"acme","id":1,"note":"b"}'),
    ]);
  });
});
