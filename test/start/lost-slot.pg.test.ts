// A slot that is gone is never replaced quietly: the service stops, and an operator's command accepts the gap.
import { expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { runHere } from '../cli/cli-here.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';

test('a lost slot ends the service, and accepting the gap writes it into the ledger and goes on', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await database.dba.query(`create table note (id int primary key, "companyId" text)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
  await database
    .appAs('acme')
    .query(`insert into rowhook.webhook (name, table_name, url, on_insert) values ('n', 'note', $1, true)`, [
      `${receiver.url}/`,
    ]);
  const slot = database.name;
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await database.app.query(`insert into note values (1, 'acme')`);
    await receiver.waitFor(1);
    expect(await service.kill('SIGTERM')).toMatchObject({ code: 0 });
  }
  await database.admin.query('select pg_drop_replication_slot($1)', [slot]);
  await database.app.query(`insert into note values (2, 'acme')`);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    expect(await service.exited).toMatchObject({ code: 3 });
    expect(service.output).toContain(`The replication slot "${slot}" is gone`);
    expect(service.output).toContain('rowhook slot recreate --accept-gap');
  }
  const environment = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: slot };
  const status = await runHere(['status'], environment);
  expect(status.exitCode).toBe(1);
  expect(status.stdout).toMatch(/^fail {2}slot .*is gone\..*\n +→ .*rowhook slot recreate --accept-gap$/m);
  expect(status.stdout).not.toMatch(/first start|^fail +room /m);
  expect(await runHere(['slot', 'recreate'], environment)).toMatchObject({ exitCode: 2 });
  const accepted = await runHere(['slot', 'recreate', '--accept-gap', '--json'], environment);
  expect(accepted).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(accepted.stdout)).toMatchObject({
    slot,
    wasDropped: false,
    epoch: 2,
    webhooks: 1,
    interrupted: 0,
  });
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await database.app.query(`insert into note values (3, 'acme')`);
    const [, second] = await receiver.waitFor(2);
    expect(second?.json()).toMatchObject({ record: { id: 3 } });
  }
  const losses = await database.admin.query(
    `select reason, count, table_name, from_position ~ '^1-' as "from", to_position ~ '^2-' as "to" from rowhook.loss`,
  );
  expect(losses).toEqual([{ reason: 'gap', count: null, table_name: 'note', from: 't', to: 't' }]);
});

/** The service has started here once, and is gone. */
async function startOnce(database: InstalledDatabase): Promise<Record<string, string>> {
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await service.kill('SIGTERM');
  return { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
}

test('a slot that is dropped behind the back of a running service ends it, and no new one is made', async () => {
  await using database = await createInstalledDatabase();
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const { slot } = service;
  service.signal('SIGSTOP');
  await waitUntil(
    async () => {
      const dropped = await database.admin.query(
        `select case when active then pg_terminate_backend(active_pid) else pg_drop_replication_slot(slot_name) is null end
         from pg_replication_slots where slot_name = $1`,
        [slot],
      );
      return dropped.length === 0;
    },
    { describe: 'the slot to be dropped' },
  );
  service.signal('SIGCONT');
  expect(await service.exited).toEqual({ code: 3, signal: null });
  expect(service.output).toContain(`The replication slot "${slot}" is gone`);
  const slots = await database.admin.query('select from pg_replication_slots where slot_name = $1', [slot]);
  expect(slots).toEqual([]);
});

test('accepting a gap drops the old slot and says so, but leaves one of its name that is not ours alone', async () => {
  await using database = await createInstalledDatabase();
  const slot = database.name;
  const environment = await startOnce(database);
  const accepted = await runHere(['slot', 'recreate', '--accept-gap'], environment);
  expect(accepted).toMatchObject({ exitCode: 0 });
  expect(accepted.stdout).toMatch(
    new RegExp(`^the old slot ${slot} was dropped\nslot ${slot} made, epoch 2`),
  );

  await database.admin.query('select pg_drop_replication_slot($1)', [slot]);
  await database.admin.query(`select pg_create_physical_replication_slot($1)`, [slot]);
  const refused = await runHere(['slot', 'recreate', '--accept-gap'], environment);
  expect(refused.exitCode).toBe(3);
  expect(refused.stderr).toContain("is not this installation's: it is a physical one");
  expect(refused.stderr).toContain(`ROWHOOK_SLOT=${slot}_2 rowhook slot recreate --accept-gap`);
  const kept = `select slot_type from pg_replication_slots where slot_name = $1`;
  expect(await database.admin.query(kept, [slot])).toEqual([{ slot_type: 'physical' }]);
  const status = await runHere(['status'], environment);
  expect(status.stdout).toMatch(/^fail {2}slot .*it is a physical one/m);
  await database.admin.query('select pg_drop_replication_slot($1)', [slot]);
});

test('accepting a gap goes on where an earlier try failed half-way', async () => {
  await using database = await createInstalledDatabase();
  const environment = await startOnce(database);
  const { role } = database.service;
  await database.admin.query('select pg_drop_replication_slot($1)', [database.name]);
  await database.admin.query(`alter role ${role} noreplication`);
  const failed = await runHere(['slot', 'recreate', '--accept-gap'], environment);
  expect(failed.exitCode).not.toBe(0);
  expect(await database.admin.query('select from rowhook.state')).toEqual([]);
  await database.admin.query(`alter role ${role} replication`);
  const finished = await runHere(['slot', 'recreate', '--accept-gap', '--json'], environment);
  expect(finished.stderr).toBe('');
  const gap = JSON.parse(finished.stdout) as { fromLsn: string; epoch: number };
  expect(gap.epoch).toBe(2);
  expect(gap.fromLsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  expect(await runHere(['status'], environment)).toMatchObject({
    stdout: expect.stringMatching(/^ok {4}slot /m) as string,
  });
});
