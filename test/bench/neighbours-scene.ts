// A database with four companies: a healthy one whose receipts are timed, one whose endpoint hangs, one whose endpoint refuses, and one
// without a webhook.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { waitUntil } from '../support/wait.ts';
import { monotonicMicros } from './clock.ts';
import { startRawReceiver, type RawReceiver } from './raw-receiver-process.ts';

export type Company = 'hanging' | 'refusing' | 'nobody';

export interface Counts {
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
}

const companies: readonly Company[] = ['hanging', 'refusing', 'nobody'];
const recordsPerCompany = 1_000;
const longestTransaction = 1_000;
const pulsePath = '/timed/pulse';
const pulseEveryMs = 10;
const listenForMs = 3_000;

export class NeighboursScene implements AsyncDisposable {
  readonly database: InstalledDatabase;
  readonly #open: AsyncDisposableStack;
  readonly #receiver: RawReceiver;
  readonly #refusingPort: number;
  readonly #written = { hanging: 0, refusing: 0, nobody: 0 };

  private constructor(
    open: AsyncDisposableStack,
    database: InstalledDatabase,
    receiver: RawReceiver,
    port: number,
  ) {
    this.#open = open;
    this.database = database;
    this.#receiver = receiver;
    this.#refusingPort = port;
  }

  static async open(postgresUrl: string, hangingUrl: string): Promise<NeighboursScene> {
    await using open = new AsyncDisposableStack();
    const database = open.use(await createInstalledDatabase(postgresUrl));
    const receiver = open.use(await startRawReceiver());
    const port = await closedPort();
    await database.dba.query(`
      create schema erp;
      create table erp.job (id int primary key, version int not null, tenant text not null, text text) with (fillfactor = 50);
      create table erp.pulse (id bigint generated always as identity primary key, tenant text not null, sent_at bigint)`);
    await database.dba.query(
      `insert into erp.job select n, 0, ($2::text[])[n / $1 + 1], repeat(md5(n::text), 4)
       from generate_series(0, $1::int * cardinality($2::text[]) - 1) as n`,
      [recordsPerCompany, companies],
    );
    for (const table of ['job', 'pulse'])
      await database.dba.query(`select rowhook.enable_table($1, company_column => 'tenant')`, [
        `erp.${table}`,
      ]);
    await database.admin.query(
      `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert, on_update) values
       ('healthy', 'healthy', 'pulses', 'pulse', $1, true, false),
       ('hanging', 'hanging', 'jobs', 'job', $2, false, true),
       ('refusing', 'refusing', 'jobs', 'job', $3, false, true)`,
      [receiver.url + pulsePath, hangingUrl, `http://127.0.0.1:${port}/`],
    );
    return new NeighboursScene(open.move(), database, receiver, port);
  }

  /** How many changes of a company's records there were. */
  written(company: Company): number {
    return this.#written[company];
  }

  /** Of a company's records in turn, in transactions of at most 1 000. */
  async change(company: Company, count: number): Promise<void> {
    const first = companies.indexOf(company) * recordsPerCompany;
    for (let left = count; left > 0;) {
      const from = this.#written[company] % recordsPerCompany;
      const rows = Math.min(left, longestTransaction, recordsPerCompany - from);
      await this.database.app.query(
        'update erp.job set version = version + 1 where id >= $1 and id < $1 + $2',
        [first + from, rows],
      );
      this.#written[company] += rows;
      left -= rows;
    }
  }

  /** A change each 10 ms for the healthy one until `stop`; microseconds from before its commit to its receipt. */
  async pulse(stop: AbortSignal): Promise<readonly number[]> {
    await this.#receiver.reset();
    const beganAt = performance.now();
    let sent = 0;
    for (; !stop.aborted; sent++) {
      await pause(Math.max(0, beganAt + sent * pulseEveryMs - performance.now()));
      await this.database.app.query(`insert into erp.pulse (tenant, sent_at) values ('healthy', $1)`, [
        monotonicMicros(),
      ]);
    }
    await this.#receiver.waitFor(pulsePath, sent);
    return await this.#receiver.latencies(pulsePath);
  }

  async counts(company: Company): Promise<Counts> {
    const [row = {}] = await this.database.admin.query(
      `select claimed_count as claimed, success_count as success, error_count as error
       from rowhook.counter join rowhook.webhook using (uid) where id = $1`,
      [company],
    );
    return { claimed: Number(row['claimed']), success: Number(row['success']), error: Number(row['error']) };
  }

  /** Until every change of this company has its outcome. */
  async finished(company: Company, timeoutMs: number): Promise<void> {
    await waitUntil(
      async () => {
        const { success, error } = await this.counts(company);
        return success + error === this.#written[company];
      },
      { timeoutMs, intervalMs: 200, describe: `everything of the company "${company}" to have an outcome` },
    );
  }

  /** The endpoint that refused listens for some seconds: how many requests it gets. */
  async listenLater(): Promise<number> {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(this.#refusingPort, '127.0.0.1', resolve));
    await pause(listenForMs);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    return requests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

/** One that nobody listens at. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
