/** Puts the demo's webhooks into `rowhook.webhook`: each once, whatever was done beside the demo since the last start. */
import type { DemoDatabase, Query } from './demo-database.ts';

export interface DemoWebhook {
  readonly name: string;
  /** null: for all companies. */
  readonly companyId: string | null;
  readonly table: string;
  readonly on: readonly ('insert' | 'update' | 'delete')[];
  /** Below the receiver's URL. */
  readonly path: string;
}

/** Adds what is missing; webhooks that lead to the receiver's last address, other people's too, follow it to the new one. */
export async function ensureWebhooks(
  database: DemoDatabase,
  { receiverUrl, webhooks }: { receiverUrl: string; webhooks: readonly DemoWebhook[] },
): Promise<void> {
  await database.transaction(async (query) => {
    await followReceiver(query, { receiverUrl, webhooks });
    for (const webhook of webhooks) await insertWebhook(query, webhook, receiverUrl);
  });
}

async function followReceiver(
  query: Query,
  { receiverUrl, webhooks }: { receiverUrl: string; webhooks: readonly DemoWebhook[] },
): Promise<void> {
  const last = await query(
    `select distinct substr(url, 1, length(url) - length(path)) as receiver
     from rowhook.webhook join unnest($1::text[], $2::text[]) as ours (name, path) using (name)
     where right(url, length(path)) = path`,
    [webhooks.map(({ name }) => name), webhooks.map(({ path }) => path)],
  );
  for (const receiver of last.map((row) => String(row['receiver']))) {
    if (receiver === receiverUrl) continue;
    await query(
      `update rowhook.webhook set url = $2::text || substr(url, length($1::text) + 1)
       where starts_with(url, $1::text || '/')`,
      [receiver, receiverUrl],
    );
  }
}

async function insertWebhook(query: Query, webhook: DemoWebhook, receiverUrl: string): Promise<void> {
  const { companyId, name, table, on, path } = webhook;
  await query(
    `insert into rowhook.webhook (company_id, all_companies, name, table_name, url, on_insert, on_update, on_delete)
     select $1::text, $1::text is null, $2::text, $3, $4, $5, $6, $7
     where not exists (select from rowhook.webhook where name = $2::text and company_id is not distinct from $1::text)`,
    [
      companyId,
      name,
      table,
      receiverUrl + path,
      on.includes('insert'),
      on.includes('update'),
      on.includes('delete'),
    ],
  );
}
