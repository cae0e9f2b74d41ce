/** Clusters of their own, because these tests kill them. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../src/embedded-postgres.ts';
import { QueryPool } from './support/queryable.ts';
import { skipOnOtherMajors } from './support/test-postgres.ts';
import { waitUntil } from './support/wait.ts';

beforeEach(skipOnOtherMajors);

const folders: string[] = [];
const isRoot = process.getuid?.() === 0;

function newDataDir(): string {
  const folder = join(tmpdir(), `rowhook-test-${randomUUID()}`);
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

test('is ready for logical replication, in UTF-8, with fsync, and comes back on its port with its data', async () => {
  await using postgres = await startEmbeddedPostgres({ dataDir: newDataDir(), persistent: true });
  await using pool = new QueryPool(postgres.url);
  const [settings] = await pool.query(`
    select current_setting('wal_level') as wal_level, current_setting('server_encoding') as encoding,
           current_setting('fsync') as fsync, current_setting('listen_addresses') as listen,
           upper('é') as upper, current_setting('max_replication_slots')::int >= 20 as has_slots`);
  expect(settings).toEqual({
    wal_level: 'logical',
    encoding: 'UTF8',
    fsync: 'on',
    listen: '127.0.0.1',
    upper: 'É',
    has_slots: 't',
  });
  await pool.query('create table kept (n int); insert into kept values (1)');
  const { port } = postgres;
  for (const mode of ['immediate', 'fast'] as const) {
    await postgres.stop(mode);
    await postgres.start();
    expect(postgres.port).toBe(port);
    expect(await pool.query('select n from kept')).toEqual([{ n: '1' }]);
  }
});

test('ends when the process that started it is killed, and the next start finds the data', async () => {
  const dataDir = newDataDir();
  const options = JSON.stringify({ dataDir, persistent: true });
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, '../src/embedded-postgres.ts'))};
    const postgres = await startEmbeddedPostgres(${options});
    console.log(postgres.url);
    setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: holder.stdout }), 'line')) as [string];
  {
    await using pool = new QueryPool(url);
    await pool.query('create table kept (n int)');
    await expect(startEmbeddedPostgres({ dataDir, persistent: true })).rejects.toThrow(
      /already runs in .*process \d+/,
    );
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  await using postgres = await startEmbeddedPostgres({ dataDir, persistent: true });
  expect(postgres.url).toBe(url);
  await using pool = new QueryPool(postgres.url);
  expect(await pool.query('select * from kept')).toEqual([]);
});

test('a leftover postmaster.pid with the id of another process of the same user does not matter', async () => {
  const dataDir = newDataDir();
  await using postgres = await startEmbeddedPostgres({ dataDir, persistent: true });
  await postgres.stop();
  const { uid, gid } = await stat(dataDir);
  const stranger = spawn('sleep', ['60'], isRoot ? { uid, gid, cwd: '/' } : {});
  try {
    await writeFile(join(dataDir, 'postmaster.pid'), `${stranger.pid}\n${dataDir}\n`);
    await postgres.start();
  } finally {
    stranger.kill();
  }
  await using pool = new QueryPool(postgres.url);
  expect(await pool.query('select 1 as one')).toEqual([{ one: '1' }]);
});

test('starts again after Postgres itself was killed in the middle of a query', async () => {
  await using postgres = await startEmbeddedPostgres({ dataDir: newDataDir(), persistent: true });
  await using pool = new QueryPool(postgres.url);
  const query = expect(pool.query('select pg_sleep(60)')).rejects.toThrow();
  const pid = Number((await readFile(join(postgres.dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await query;
  await postgres.start();
  expect(await pool.query('select 1 as one')).toEqual([{ one: '1' }]);
});

test('what is not persistent is gone at the end', async () => {
  const dataDir = newDataDir();
  {
    await using postgres = await startEmbeddedPostgres({ dataDir, persistent: false });
    await access(join(postgres.dataDir, 'PG_VERSION'));
  }
  await expect(access(dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('refuses a folder of another major version or with other content, and leaves it alone', async () => {
  const dataDir = newDataDir();
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'precious'), '');
  await expect(startEmbeddedPostgres({ dataDir, persistent: true })).rejects.toMatchObject({ exitCode: 3 });
  await writeFile(join(dataDir, 'PG_VERSION'), '12\n');
  await expect(startEmbeddedPostgres({ dataDir, persistent: true })).rejects.toThrow(/made by Postgres 12/);
  await access(join(dataDir, 'precious'));
});

test('two starts at once get a port each', async () => {
  const [one, two] = await Promise.all(
    [newDataDir(), newDataDir()].map((dataDir) => startEmbeddedPostgres({ dataDir, persistent: false })),
  );
  await using _one = one;
  await using _two = two;
  expect(one?.port).not.toBe(two?.port);
});

test.runIf(isRoot)(
  'below a folder of root alone, the data is in the system folder of the other user',
  async () => {
    const closed = await mkdtemp(join(tmpdir(), 'rowhook-test-closed-'));
    folders.push(closed);
    const lines: string[] = [];
    let home: string;
    {
      await using postgres = await startEmbeddedPostgres({
        dataDir: join(closed, `data-${randomUUID()}`),
        persistent: false,
        log: (line) => lines.push(line),
      });
      home = dirname(postgres.dataDir);
      expect(postgres.dataDir).toMatch(/\/rowhook-[0-9a-f]{8}\/data-/);
      expect(lines.join('\n')).toContain(`its data is in ${postgres.dataDir}`);
      await using pool = new QueryPool(postgres.url);
      await waitUntil(() => pool.query('select 1'), { describe: 'an answer' });
    }
    // Only when nobody else has anything in it.
    await rmdir(home).catch(() => undefined);
  },
);
