// A commit stands in the log before anybody can see it: what it made is not taken for missing.
import { expect, test } from 'vitest';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { startOwnCluster } from './own-cluster.ts';

test('types made in a transaction that waits for a synchronous standby are known once it can be seen', async () => {
  await using cluster = await startOwnCluster();
  await using receiver = await startReceiver();
  const { database } = cluster;
  const { admin, dba } = database;
  await dba.query('create table t (id int primary key)');
  await dba.query(`select rowhook.enable_table('t', company_column => null)`);
  await admin.query(
    `insert into rowhook.webhook (name, table_name, url, on_insert, all_companies) values ('t', 't', $1, true, true)`,
    [receiver.url],
  );
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const reload = async (standby: string): Promise<void> => {
    await admin.query(`alter system set synchronous_standby_names = '${standby}'`);
    await admin.query('select pg_reload_conf()');
  };
  await reload('late');
  const session = await database.connect(database.dbaUrl);
  // No composite: the walsender itself waits for the lock on one.
  const committing = session.query(`
    begin;
    create type mood as enum ('a', 'b');
    alter table t add column moods mood[];
    insert into t values (1, '{a,b}');
    commit`);
  const count = async (sql: string): Promise<number> => (await admin.query(sql)).length;
  await waitUntil(
    async () => (await count(`select from pg_stat_activity where wait_event = 'SyncRep'`)) > 0,
    {
      describe: 'the commit to wait for its standby',
    },
  );
  // It asks again and again until the transaction can be seen.
  const asking = `select from pg_stat_activity
                  where application_name like 'rowhook/%/side' and query like '%pg_current_snapshot%'
                    and backend_xmin is null and state_change > $1::timestamptz`;
  const [now] = await admin.query('select clock_timestamp()::text as now');
  await waitUntil(async () => (await admin.query(asking, [now?.['now']])).length > 0, {
    describe: () => `the service to ask for the types; output:\n${service.output}`,
  });
  expect(receiver.requests).toEqual([]);
  await reload('');
  await committing;
  const [request] = await receiver.waitFor(1);
  expect(request?.body).toContain('"record":{"id":1,"moods":["a","b"]}');
  expect(service.output).not.toContain('was dropped');
});
