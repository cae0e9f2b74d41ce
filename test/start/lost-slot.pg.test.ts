// A slot that is gone is never replaced quietly: the service stops, and an operator's command accepts the gap.
import { expect, test } from 'vitest';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { runCli } from '../cli/run-cli.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';

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
  expect(await runCli(['slot', 'recreate'], environment)).toMatchObject({ exitCode: 2 });
  const accepted = await runCli(['slot', 'recreate', '--accept-gap', '--json'], environment);
  expect(accepted).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(accepted.stdout)).toMatchObject({ slot, epoch: 2, webhooks: 1, interrupted: 0 });
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
