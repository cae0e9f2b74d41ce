import { expect, test } from 'vitest';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import { openBooks } from './books.ts';

test.each([
  ['off', 'on'],
  ['local', 'on'],
  ['on', 'on'],
  ['remote_apply', 'remote_apply'],
])('a role with synchronous_commit = %s keeps its books with %s', async (ofRole, ours) => {
  await using books = await openBooks();
  const { role } = books.database.service;
  await books.database.admin.query(`alter role ${role} set synchronous_commit = ${ofRole}`);
  await books.database.admin.query(`alter role ${role} set statement_timeout = '1ms'`);
  const session = books.session();
  const { rows } = await session.query({
    text: `select current_setting('synchronous_commit') as commit, current_setting('statement_timeout') as timeout`,
  });
  expect(rows).toEqual([{ commit: ours, timeout: '0' }]);
});

test('a connection that was ended is opened again, with the same settings and name', async () => {
  await using books = await openBooks();
  const { admin, service } = books.database;
  await admin.query(`alter role ${service.role} set synchronous_commit = off`);
  const session = books.session();
  await session.rename('rowhook/books/claim term=1');
  const whoAmI = {
    text: `select pg_backend_pid() as pid, current_setting('application_name') as name,
                  current_setting('synchronous_commit') as commit`,
  };
  const [before] = (await session.query<{ pid: number }>(whoAmI)).rows;
  await admin.query('select pg_terminate_backend($1)', [before?.pid]);
  const after = await waitUntil(
    async () => {
      const result = await session.query<{ pid: number }>(whoAmI).catch(() => undefined);
      return result?.rows[0];
    },
    { describe: 'the next connection' },
  );
  expect(after).toMatchObject({ name: 'rowhook/books/claim term=1', commit: 'on' });
  expect(after.pid).not.toBe(before?.pid);
});

test('a transaction whose connection breaks half-way writes nothing of its rest', async () => {
  await using books = await openBooks();
  const { admin } = books.database;
  const session = books.session();
  const broken = session.transaction(async () => {
    const { rows } = await session.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' });
    await session.query({ text: `insert into rowhook.journal values (1, '')` });
    await admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await waitUntil(
      async () =>
        await session.query({ text: 'select 1' }).then(
          () => false,
          () => true,
        ),
      { describe: 'the end to be noticed' },
    );
    await session.query({ text: `insert into rowhook.journal values (2, '')` });
  });
  await expect(broken).rejects.toThrow(/connection was lost inside a transaction/);
  expect(await admin.query('select seq from rowhook.journal')).toEqual([]);
});

test('several calls that wait for a lost connection open one connection together', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const session = books.session(proxy.url);
  await session.query({ text: 'select 1' });
  const { connectionCount } = proxy;
  proxy.cut();
  const never = (): Promise<null> => Promise.resolve(null);
  await Promise.all([1, 2, 3, 4].map(() => session.settle({ text: 'select pg_sleep(0)' }, never)));
  expect(proxy.connectionCount).toBe(connectionCount + 1);
});

test('a statement may have a time of its own to answer', async () => {
  await using books = await openBooks();
  const session = books.session();
  const asked = session.query({ text: 'select pg_sleep(2)', query_timeout: 50 });
  await expect(asked).rejects.toThrow('Query read timeout');
});
