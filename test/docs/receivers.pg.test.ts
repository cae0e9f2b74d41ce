/**
 * The receivers of examples/, each a process of its own behind a real service: what they were sent is worked on once, in the order of each
 * record, also when a request comes twice and when they are killed.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runHere } from '../cli/cli-here.ts';
import { openScene, type Scene } from '../service/scene.ts';
import { http } from '../support/http.ts';
import { waitUntil, within } from '../support/wait.ts';

interface HistoryLine {
  readonly type: string;
  readonly key: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** An example as a process, and what it keeps in its SQLite file. */
class ExampleReceiver implements AsyncDisposable {
  readonly #command: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'rowhook-receiver-'));
  #child: ChildProcessByStdio<null, Readable, Readable> | undefined;
  #port = 0;
  output = '';
  /** What it printed for each change. */
  readonly lines: string[] = [];

  constructor(command: readonly string[]) {
    this.#command = command;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook/secret`;
  }

  /** At the same port as before, as somebody restarts it. */
  async start(): Promise<void> {
    const [program = '', ...args] = this.#command;
    const child = spawn(program, args, {
      cwd: resolve(import.meta.dirname, '../..'),
      env: {
        PATH: process.env['PATH'],
        PORT: String(this.#port),
        WEBHOOK_PATH: '/hook/secret',
        RECEIVER_DATABASE: this.#file,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    const listening = new Promise<string>((found, fail) => {
      createInterface({ input: child.stdout })
        .once('line', found)
        .on('line', (line) => this.lines.push(line));
      child.once('error', (cause) => {
        fail(new Error(`${program} is needed to check examples/, and does not run`, { cause }));
      });
      child.once('exit', (code) => {
        fail(new Error(`${program} ended with ${code}: ${this.output}`));
      });
    });
    const line = await within(listening, {
      describe: () => `${program} to listen; it wrote: ${this.output}`,
    });
    this.#port = Number(new URL(line.replace('listening on ', '')).port);
  }

  /** As if it had been killed between its answers and its work. */
  storeUnworked(bodies: readonly string[]): void {
    using db = new DatabaseSync(this.#file);
    const store = db.prepare('insert into inbox (body, is_resend) values (?, 0)');
    for (const body of bodies) store.run(body);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  history(): HistoryLine[] {
    const rows = this.#rows('select type, key, record from history order by n');
    return rows.map(({ type, key, record }) => ({
      type: String(type),
      key: String(key),
      record: JSON.parse(String(record)) as HistoryLine['record'],
    }));
  }

  /** The totals of a record, in the order in which they were worked on. */
  totals(id: string): unknown[] {
    const lines = this.history().filter(({ key }) => key === JSON.stringify([id]));
    return lines.map(({ record }) => record['total']);
  }

  /** A record's copy as JSON text; null: there is none. */
  copyText(id: string | number): string | null {
    const [row] = this.#rows(`select record from copy where key = '${JSON.stringify([id])}'`);
    return typeof row?.['record'] === 'string' ? row['record'] : null;
  }

  copy(id: string | number): unknown {
    return JSON.parse(this.copyText(id) ?? 'null');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#folder, 'receiver.sqlite');
  }

  #rows(sql: string): Record<string, unknown>[] {
    using db = new DatabaseSync(this.#file, { readOnly: true });
    return db.prepare(sql).all();
  }
}

/** Of a request that was cut off. */
function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

const languages = {
  'examples/receiver.ts': [process.execPath, '--disable-warning=ExperimentalWarning', 'examples/receiver.ts'],
  'examples/receiver.py': ['python3', 'examples/receiver.py'],
};

describe.each(Object.entries(languages))('%s', (name, command) => {
  let scene: Scene;
  let receiver: ExampleReceiver;

  beforeAll(async () => {
    receiver = new ExampleReceiver(command);
    await receiver.start();
    scene = await openScene(async ({ dba }) => {
      await dba.query(`
        create schema erp;
        create table erp."salesOrder" (id text primary key, "companyId" text, total numeric(12,2), serial bigint);
        select rowhook.enable_table('salesOrder')`);
    });
    await scene.createWebhook({ name: 'orders', table: 'salesOrder', company: 'acme', url: receiver.url });
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
  });

  const set = async (id: string, total: number): Promise<void> =>
    scene.app(
      `insert into erp."salesOrder" values ('${id}', 'acme', ${total}, 9007199254740993)
       on conflict (id) do update set total = excluded.total`,
    );
  const post = async (
    body: string,
    headers: Readonly<Record<string, string>> = {},
    url = receiver.url,
  ): Promise<number> => {
    const sent = { 'content-type': 'application/json', ...headers };
    return (await http.post(url, { body, headers: sent })).statusCode;
  };
  /** Bodies of a record as they were POSTed, oldest first. */
  const bodiesOf = async (id: string): Promise<string[]> => {
    const sent = `select body from rowhook.delivery where key = $1 and outcome = 'delivered' order by at`;
    return (await scene.database.admin.query(sent, [id])).map(({ body }) => body ?? '');
  };
  const waitForTotal = async (id: string, total: string): Promise<void> => {
    await waitUntil(() => receiver.totals(id).at(-1) === total, {
      describe: () =>
        `${id} to arrive with ${total} at ${name}; there is ${JSON.stringify(receiver.totals(id))}`,
    });
  };

  test('works on each change once, in the order of its record', async () => {
    for (let total = 1; total <= 20; total += 1)
      await Promise.all(['a', 'b', 'c'].map((id) => set(id, total)));
    const all = Array.from({ length: 20 }, (_, index) => `${index + 1}.00`);
    for (const id of ['a', 'b', 'c']) {
      await waitForTotal(id, '20.00');
      expect(receiver.totals(id)).toEqual(all);
    }
    const printed = (id: string): string[] => receiver.lines.filter((line) => line.includes(`["${id}"]`));
    await waitUntil(() => ['a', 'b', 'c'].every((id) => printed(id).length === 20), {
      describe: () => `a line for each change; ${name} printed ${receiver.lines.join('\n')}`,
    });
    expect(printed('a')).toEqual(
      ['INSERT', ...Array<string>(19).fill('UPDATE')].map((type) => `${type} salesOrder ["a"]`),
    );
  });

  test('keeps every digit of a number', () => {
    expect(receiver.copyText('a')).toMatch(/"20\.00".*9007199254740993/);
  });

  test('does nothing when a request is repeated, and goes on with the next change', async () => {
    const bodies = await waitUntil(
      async () => {
        const logged = await bodiesOf('b');
        return logged.length === 20 && logged;
      },
      { describe: 'what was sent to be logged' },
    );
    expect(await post(bodies.at(-1) ?? '')).toBe(204);
    await set('b', 21);
    await waitForTotal('b', '21.00');
    expect(receiver.totals('b')).toHaveLength(21);
    expect(receiver.lines).toContain('UPDATE salesOrder ["b"] (nothing to do)');
  });

  test('takes what is sent again for a copy that is where the change began, or when it is the row as it is now', async () => {
    const late = (total: string, old: string): string =>
      `{"type":"UPDATE","table":"salesOrder","companyId":"acme","record":{"id":"c","companyId":"acme","total":${total},"serial":9007199254740993},` +
      `"old":{"id":"c","companyId":"acme","total":${old},"serial":9007199254740993}}`;
    const resend = { 'rowhook-delivery': 'resend' };
    expect(await post(late('3.00', '2.00'), resend)).toBe(204);
    expect(await post(late('30.00', '20.00'), resend)).toBe(204);
    await waitForTotal('c', '30.00');
    expect(receiver.totals('c').slice(-2)).toEqual(['20.00', '30.00']);
    const now = late('31.00', '0').replace(/"old":.*/, '"old":null}');
    expect(await post(now, resend)).toBe(204);
    await waitForTotal('c', '31.00');
  });

  test('answers a test with success, and does nothing', async () => {
    const before = receiver.history().length;
    const env = { DATABASE_URL: scene.database.serviceUrl, ROWHOOK_ALLOW_TARGETS: '127.0.0.1' };
    const { stdout } = await runHere(['webhook', 'test', 'orders'], env);
    expect(stdout).toContain('delivered 204');
    const madeUp = '{"type":"INSERT","table":"salesOrder","companyId":"acme","record":{"id":"made up"}}';
    expect(await post(madeUp, { 'rowhook-delivery': 'test' })).toBe(204);
    await set('a', 21);
    await waitForTotal('a', '21.00');
    expect(receiver.history()).toHaveLength(before + 1);
  });

  test('is killed in the middle: nothing comes twice or in another order, and the next change mends the copy', async () => {
    const changes = Array.from({ length: 60 }, (_, index) => index + 1);
    for (const total of changes) {
      await set('k', total);
      if (total === 20)
        await waitUntil(() => receiver.totals('k').length > 5, { describe: 'the first ones' });
      if (total === 20) await receiver.kill();
      if (total === 40) await receiver.start();
    }
    await waitForTotal('k', '60.00');
    const totals = receiver.totals('k').map(Number);
    expect(totals).toEqual([...new Set(totals)].toSorted((a, b) => a - b));
    expect(receiver.copy('k')).toMatchObject({ total: '60.00' });

    const lost = changes.length - totals.length;
    expect(lost).toBeGreaterThan(0);
    const counted = async (): Promise<number> => {
      const losses = await scene.losses('orders');
      return losses.reduce((sum, { count }) => sum + count, 0);
    };
    // What broke off may have been stored without an answer: it is in the ledger, and was worked on.
    await waitUntil(async () => (await counted()) >= lost, { describe: `${lost} changes in the ledger` });
  });

  test('works off what it had stored when it was killed, in that order', async () => {
    await receiver.kill();
    receiver.storeUnworked(
      [1, 2, 3].map(
        (total) => `{"type":"INSERT","table":"t","companyId":null,"record":{"id":"s","total":${total}}}`,
      ),
    );
    await receiver.start();
    await waitUntil(() => receiver.totals('s').length === 3, { describe: 'what was stored' });
    expect(receiver.totals('s')).toEqual([1, 2, 3]);
  });

  test('a row that is deleted is not in the copy, and one that is emptied away neither', async () => {
    await scene.app(`delete from erp."salesOrder" where id = 'a'`);
    await waitUntil(() => receiver.copy('a') === null, { describe: 'the DELETE' });
    expect(await post('{"type":"TRUNCATE","table":"salesOrder","companyId":null,"record":null}')).toBe(204);
    await waitUntil(() => receiver.copy('b') === null, { describe: 'the TRUNCATE' });
  });

  test('keeps a large value that a change left out, and follows a record to its new key', async () => {
    const head = '"table":"contract","companyId":"acme","record"';
    await post(`{"type":"INSERT",${head}:{"id":1,"title":"x","body":"long"}}`);
    await post(
      `{"type":"UPDATE",${head}:{"id":2,"title":"y"},"old":{"id":1},"unchanged":["body"],"partial":true}`,
    );
    await waitUntil(() => receiver.history().at(-1)?.key === '[2]', { describe: 'the change' });
    const rows = receiver.history().filter(({ key }) => key === '[1]');
    expect(rows).toHaveLength(1);
    expect(receiver.copy(1)).toBeNull();
    expect(receiver.copy(2)).toEqual({ id: 2, title: 'y', body: 'long' });
  });

  test('refuses what is no payload of ours', async () => {
    const body = '{"type":"INSERT","table":"t","companyId":null,"record":{"id":1}}';
    const before = receiver.history().length;
    expect([
      await post(body, {}, receiver.url.replace('secret', 'guess')),
      await post(body, { 'content-type': 'text/plain' }),
      await post('{'),
      await post(body.replace('id', 'no')),
      (await http.get(receiver.url)).statusCode,
    ]).toEqual([404, 415, 400, 422, 405]);
    expect(await post('x'.repeat(17 * 1024 * 1024)).catch(codeOf)).toSatisfy((answer) =>
      [413, 'EPIPE', 'ECONNRESET'].includes(answer as string | number),
    );
    expect(receiver.history()).toHaveLength(before);
  });
});
