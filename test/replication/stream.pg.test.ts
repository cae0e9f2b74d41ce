import pg from 'pg';
import { expect, test } from 'vitest';
import { clientConfig, pinnedSettings } from '../../src/database/session.ts';
import type { Lsn } from '../../src/lsn.ts';
import { ReplicationStream, type StreamOptions } from '../../src/replication/stream.ts';
import { verifySettings } from '../../src/replication/server-identity.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil, within } from '../support/wait.ts';

async function createSlot(database: InstalledDatabase): Promise<void> {
  await database.admin.query('select pg_create_logical_replication_slot($1, $2)', [
    database.name,
    'pgoutput',
  ]);
}

interface Recorded {
  readonly stream: ReplicationStream;
  readonly tags: string[];
  readonly keepalives: Lsn[];
}

function newStream(
  database: InstalledDatabase,
  change: Partial<StreamOptions> & { url?: string } = {},
): Recorded {
  const tags: string[] = [];
  const keepalives: Lsn[] = [];
  const databaseUrl = change.url ?? database.serviceUrl;
  const stream = new ReplicationStream({
    clientConfig: clientConfig({ databaseUrl, applicationName: 'rowhook/test/stream' }),
    slot: database.name,
    publication: 'rowhook',
    pinnedSettings,
    verify: () => undefined,
    onMessage: (message) => tags.push(String.fromCharCode(message[0] ?? 0)),
    onKeepalive: (walEnd) => keepalives.push(walEnd),
    confirmable: () => keepalives.at(-1) ?? 0n,
    ...change,
  });
  return { stream, tags, keepalives };
}

// Confirming is written to pg's undocumented `client.connection`: an upgrade that changes it fails here, and not in production.
test('pg still has the connection that status updates are written to', async () => {
  await using database = await createInstalledDatabase();
  const client = new pg.Client({ connectionString: database.serviceUrl });
  await client.connect();
  try {
    const connection: unknown = Reflect.get(client, 'connection');
    expect(connection).toMatchObject({
      sendCopyFromChunk: expect.any(Function) as unknown,
      endCopyFrom: expect.any(Function) as unknown,
      stream: { pause: expect.any(Function) as unknown, resume: expect.any(Function) as unknown },
    });
    // Its parser, and nobody else: in front of it rows lose values that are too large.
    expect(client.connection.stream.listenerCount('data')).toBe(1);
  } finally {
    await client.end();
  }
});

test('says who the server is before it streams, stands still until it may flow, and ends when asked', async () => {
  await using database = await createInstalledDatabase();
  await createSlot(database);
  const { stream, tags } = newStream(database);
  const identity = await stream.open();
  const [expected] = await database.admin.query(
    `select s.system_identifier::text as "systemId", d.oid::text as oid,
            (select active_pid from pg_replication_slots where slot_name = $1) as pid
       from pg_control_system() s, pg_database d where d.datname = current_database()`,
    [database.name],
  );
  expect(identity).toMatchObject({
    systemId: expected?.['systemId'],
    databaseOid: Number(expected?.['oid']),
    backendPid: Number(expected?.['pid']),
    timeline: 1,
  });
  await database.dba.query('create table orders (id int primary key, "companyId" text)');
  await database.dba.query(`select rowhook.enable_table('orders')`);
  await database.app.query(`insert into orders values (1, 'acme')`);
  stream.setFlowing(true);
  // The table's own row in rowhook.subscribable_table, then the order. Before Postgres 15 transactions without rows come, too.
  const seen = (): string => tags.join('').replaceAll('BC', '');
  await waitUntil(() => /^BRIC.*BRIC$/s.test(seen()), {
    describe: () => `two transactions with a row each, not ${seen()}`,
  });
  await stream.end();
  expect(await stream.ended).toBeNull();
  const [slot] = await database.admin.query(
    `select active, confirmed_flush_lsn > restart_lsn as is_confirmed from pg_replication_slots where slot_name = $1`,
    [database.name],
  );
  expect(slot).toEqual({ active: 'f', is_confirmed: 't' });
});

test('refuses to stream for somebody else', async () => {
  await using database = await createInstalledDatabase();
  await createSlot(database);
  const refusal = new Error('another cluster');
  const { stream } = newStream(database, {
    verify: () => {
      throw refusal;
    },
  });
  await expect(stream.open()).rejects.toBe(refusal);
});

const otherSettings: Record<keyof typeof pinnedSettings, string> = {
  client_encoding: 'LATIN1',
  TimeZone: 'Asia/Kolkata',
  DateStyle: 'German',
  IntervalStyle: 'iso_8601',
  extra_float_digits: '-5',
  bytea_output: 'escape',
  quote_all_identifiers: 'on',
  search_path: 'public',
};

test('each pinned setting is missed where the connection has another value', async () => {
  await using database = await createInstalledDatabase();
  await using session = await database.connect();
  const client = {
    query: async <R extends object>(text: string) => ({ rows: await session.query<R>(text) }),
  };
  for (const [name, value] of Object.entries(pinnedSettings)) {
    await session.query(`select set_config('${name}', '${value}', false)`);
  }
  await verifySettings(client, pinnedSettings);
  for (const [name, value] of Object.entries(otherSettings)) {
    await session.query(`begin; set local ${name} = '${value}'`);
    await expect(verifySettings(client, pinnedSettings)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining(`: ${name} is ${value}`) as unknown,
    });
    await session.query('rollback');
  }
});

test('refuses to stream with another setting than the pinned one', async () => {
  await using database = await createInstalledDatabase();
  await createSlot(database);
  const config = clientConfig({ databaseUrl: database.serviceUrl, applicationName: 'rowhook/test/stream' });
  const { stream } = newStream(database, {
    clientConfig: { ...config, options: `${config.options ?? ''} -c DateStyle=German` },
  });
  await expect(stream.open()).rejects.toThrow('DateStyle is German, DMY instead of ISO.');
});

test('a second stream is told the pid of the first', async () => {
  await using database = await createInstalledDatabase();
  await createSlot(database);
  const { stream } = newStream(database);
  const { backendPid } = await stream.open();
  await expect(newStream(database).stream.open()).rejects.toMatchObject({
    code: '55006',
    message: expect.stringContaining(`PID ${backendPid}`) as unknown,
  });
  await stream.end();
});

test('a server from which nothing comes any more is given up, one that answers pings is not', async () => {
  await using database = await createInstalledDatabase();
  await using proxy = await startTcpProxy(database.serviceUrl);
  await createSlot(database);
  const { stream, keepalives } = newStream(database, {
    url: proxy.url,
    liveness: { pingAfterMs: 300, longestSilenceMs: 1_500 },
  });
  await stream.open();
  stream.setFlowing(true);
  const isOver = stream.ended.then(() => true);
  const before = performance.now();
  await waitUntil(() => performance.now() - before > 3_000, { describe: 'twice the longest silence' });
  expect(await Promise.race([isOver, Promise.resolve(false)])).toBe(false);
  expect(keepalives.length).toBeGreaterThan(2);
  proxy.stall('toClient');
  const reason = await within(stream.ended, { describe: 'the stream to be given up' });
  expect(reason?.message).toMatch(/^nothing from the server for \d+ s$/);
});

test('a stream that is held by ourselves is not taken for dead, nor does the server give it up', async () => {
  await using database = await createInstalledDatabase();
  await createSlot(database);
  await database.admin.query(`alter role ${database.service.role} set wal_sender_timeout = '1s'`);
  const { stream } = newStream(database, { liveness: { pingAfterMs: 300, longestSilenceMs: 600 } });
  const { backendPid, walSenderTimeoutMs } = await stream.open();
  expect(walSenderTimeoutMs).toBe(1_000);
  stream.setFlowing(false);
  const before = performance.now();
  await waitUntil(() => performance.now() - before > 3_000, { describe: 'three times the timeout' });
  const [slot] = await database.admin.query(
    'select active_pid from pg_replication_slots where slot_name = $1',
    [database.name],
  );
  expect(slot?.['active_pid']).toBe(String(backendPid));
  await stream.end();
});
