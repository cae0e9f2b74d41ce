/** What the command line refuses at once, SQL cannot know: the service refuses it when it would be sent. */
import { expect, test } from 'vitest';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';

test('a URL of our own network, written by SQL, is refused at send and says why', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await database.dba.query(`create table note (id int primary key, "companyId" text)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
  const { port } = new URL(receiver.url);
  await database
    .appAs('acme')
    .query(`insert into rowhook.webhook (name, table_name, url, on_insert) values ('n', 'note', $1, true)`, [
      `http://localhost:${port}/hush4711`,
    ]);
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_ALLOW_TARGETS: '' },
  });
  await service.ready();
  await database.app.query(`insert into note values (1, 'acme')`);
  const counter = await waitUntil(
    async () => {
      const [row] = await database
        .appAs('acme')
        .query('select error_count, last_error from rowhook.webhook_counter');
      return row?.['error_count'] === '1' ? row : null;
    },
    { describe: 'the refusal to be counted' },
  );
  expect(counter['last_error']).toMatch(/^blocked_address .*ROWHOOK_ALLOW_TARGETS/);
  expect(`${counter['last_error'] ?? ''}${service.output}`).not.toContain('hush4711');
  expect(receiver.requests).toEqual([]);
});
