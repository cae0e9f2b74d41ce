// A pooler that drops the startup options without a word would let a role's defaults into the payloads: the service sees it
// before the first row, says which settings differ, and streams nothing.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startService } from '../support/service-process.ts';
import { startRefused } from '../start/refusal.ts';

interface Pooler extends AsyncDisposable {
  readonly url: string;
}

/** Forwards everything, but takes `options` out of each startup message, as PgBouncer does with ignore_startup_parameters. */
async function startForgetfulPooler(targetUrl: string): Promise<Pooler> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => [client, upstream].map((each) => each.destroy()));
    }
    client.once('data', (startup: Buffer) => {
      upstream.write(withoutOptions(startup));
      client.pipe(upstream);
    });
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(targetUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html: length, version, then names and values, each with a zero. */
function withoutOptions(startup: Buffer): Buffer {
  const texts = startup.toString('latin1', 8).split('\0');
  const at = texts.findIndex((text, index) => index % 2 === 0 && text === 'options');
  if (at === -1) throw new Error('the first message has no options');
  texts.splice(at, 2);
  const rest = Buffer.from(texts.join('\0'), 'latin1');
  const head = Buffer.from(startup.subarray(0, 8));
  head.writeInt32BE(head.length + rest.length);
  return Buffer.concat([head, rest]);
}

test('the service refuses to stream through a pooler that drops its settings, and names those that differ', async () => {
  await using database = await createInstalledDatabase();
  await using pooler = await startForgetfulPooler(database.serviceUrl);
  const { role } = database.service;
  await database.admin.query(`alter role ${role} set DateStyle = 'German, DMY'`);
  await database.admin.query(`alter role ${role} set TimeZone = 'Asia/Kolkata'`);
  await database.admin.query(`alter role ${role} set bytea_output = 'hex'`);

  const output = await startRefused({ databaseUrl: pooler.url }, 3);
  expect(output).toContain('DateStyle is German, DMY instead of ISO');
  expect(output).toContain('TimeZone is Asia/Kolkata instead of UTC');
  expect(output).toContain('search_path is "$user", public instead of empty');
  expect(output).not.toContain('bytea_output');
  expect(output).toMatch(/let DATABASE_URL\s+point straight at Postgres/);
  const [slot] = await database.admin.query(
    'select active, confirmed_flush_lsn is not null as is_whole from pg_replication_slots where slot_name = $1',
    [database.name],
  );
  expect(slot).toEqual({ active: 'f', is_whole: 't' });

  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
});

test('a pooler on the way is no obstacle when the settings are right without the options', async () => {
  await using database = await createInstalledDatabase();
  await using pooler = await startForgetfulPooler(database.serviceUrl);
  const { role } = database.service;
  await database.admin.query(`alter role ${role} set TimeZone = 'UTC'`);
  await database.admin.query(`alter role ${role} set search_path = ''`);
  await using service = startService({ databaseUrl: pooler.url });
  await service.ready();
});
