// The application of a soak: records of as many companies as there are webhooks, changed in turn at a constant rate, and how many changes
// each company's webhook has to get.
import { setTimeout as pause } from 'node:timers/promises';
import type { InstalledDatabase } from '../support/installed-database.ts';
import { pathOf } from './endpoints.ts';

export interface LoadOptions {
  readonly database: InstalledDatabase;
  readonly webhooks: number;
  readonly endpointsUrl: string;
}

const recordsPerWebhook = 50;
const tickMs = 10;
const longestTransaction = 500;

export class Load {
  /** By the company's number. */
  readonly expected: number[];
  written = 0;
  transactions = 0;
  readonly #options: LoadOptions;
  readonly #records: number;
  #next = 0;

  private constructor(options: LoadOptions) {
    this.#options = options;
    this.#records = options.webhooks * recordsPerWebhook;
    this.expected = Array.from({ length: options.webhooks }, () => 0);
  }

  static async prepare(options: LoadOptions): Promise<Load> {
    const load = new Load(options);
    const { database, webhooks, endpointsUrl } = options;
    await database.dba.query(`
      create schema erp;
      create table erp.job (id int primary key, version int not null, tenant text not null, text text) with (fillfactor = 50)`);
    await database.dba.query(
      `insert into erp.job select n, 0, 'company-' || n % $2, repeat(md5(n::text), 4) from generate_series(0, $1::int - 1) as n`,
      [load.#records, webhooks],
    );
    await database.dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
    await database.admin.query(
      `insert into rowhook.webhook (id, company_id, name, table_name, url, on_update)
       select 'w' || n, 'company-' || n, 'jobs', 'job', $2 || path, true
       from unnest($1::text[]) with ordinality as p (path, no), lateral (select no - 1 as n) as from_zero`,
      [Array.from({ length: webhooks }, (_, no) => pathOf(no, webhooks)), endpointsUrl],
    );
    return load;
  }

  /** One transaction. */
  async change(count: number): Promise<void> {
    const from = this.#next;
    const to = Math.min(from + count, this.#records);
    const rows = await this.#options.database.app.query(
      'update erp.job set version = version + 1 where id >= $1 and id < $2 returning 1',
      [from, to],
    );
    if (rows.length !== to - from) throw new Error(`${rows.length} records were changed, not ${to - from}`);
    for (let id = from; id < to; id++) {
      const company = id % this.expected.length;
      this.expected[company] = (this.expected[company] ?? 0) + 1;
    }
    this.#next = to % this.#records;
    this.written += to - from;
    this.transactions += 1;
  }

  /** Until `stop`; what falls behind is caught up with. */
  async keepUp(perSecond: number, stop: AbortSignal): Promise<void> {
    const beganAt = performance.now();
    const before = this.written;
    while (!stop.aborted) {
      const due = ((performance.now() - beganAt) / 1000) * perSecond - (this.written - before);
      if (due >= 1) await this.change(Math.min(longestTransaction, Math.floor(due)));
      else await pause(tickMs);
      if (due <= longestTransaction) await pause(tickMs);
    }
  }
}
