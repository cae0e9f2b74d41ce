// The table that the figures about sending and reading write to. Every row is a record of its own: changes of one record leave
// one after another, whatever else is free.
import type { InstalledDatabase } from '../support/installed-database.ts';

export interface ItemChanges {
  readonly count: number;
  readonly perTransaction: number;
  /** They go round among so many, named `company 1` and so on; 0: they are a company's that nothing else is. */
  readonly companies?: number;
  /** Of the payload, about; from 120. */
  readonly payloadBytes?: number;
}

/** Of a payload, but for the text that makes it as long as it should be. */
const otherBytes = 120;

export async function createItems({ dba }: InstalledDatabase): Promise<void> {
  await dba.query(`
    create schema erp;
    create table erp.item (id bigint generated always as identity primary key, tenant text not null, sent_at bigint, note text)`);
  await dba.query(`select rowhook.enable_table('erp.item', company_column => 'tenant')`);
}

/** One for each of the companies `company 1` to `company <count>`; the application's own way takes a transaction per company. */
export async function createItemWebhooks(
  { admin }: InstalledDatabase,
  { url, companies, name = 'items' }: { url: string; companies: number; name?: string },
): Promise<void> {
  await admin.query(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
     select 'company ' || n, $3, 'item', $1, true from generate_series(1, $2::int) as n`,
    [url, companies, name],
  );
}

/** Without a flush for each commit, which is the writer's to pay; on disk all the same before anybody reads it. */
export async function insertItems(
  database: InstalledDatabase,
  { count, perTransaction, companies = 1, payloadBytes = 700 }: ItemChanges,
): Promise<void> {
  const noteBytes = Math.max(0, payloadBytes - otherBytes);
  await using writer = await database.connect(database.adminUrl);
  await writer.query('set synchronous_commit = off');
  await writer.query(`
    do $$ begin
      for n_from in 1 .. ${count} by ${perTransaction} loop
        insert into erp.item (tenant, note)
        select 'company ' || ${companies === 0 ? 0 : `(n % ${companies} + 1)`}, left(repeat(md5(n::text), ${Math.ceil(noteBytes / 32)}), ${noteBytes})
        from generate_series(n_from, least(n_from + ${perTransaction} - 1, ${count})) as n;
        commit;
      end loop;
    end $$`);
  await writer.query('checkpoint');
}
