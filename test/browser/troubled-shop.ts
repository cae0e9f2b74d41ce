/** An application in trouble, for looking at: a webhook in every state, deliveries of every outcome, and traffic that goes on until it is closed. */
import { setTimeout as pause } from 'node:timers/promises';
import { signCompanyToken } from '../../src/company-token.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { waitUntil } from '../support/wait.ts';

export interface TroubledShop extends AsyncDisposable {
  readonly url: string;
  readonly database: InstalledDatabase;
  readonly service: ServiceProcess;
  readonly operatorToken: string;
  companyToken(companyId: string): Promise<string>;
  /** The id of the newest row of the delivery log that fits the SQL condition. */
  deliveryWhere(condition: string): Promise<string>;
  /** The key of that row's record. */
  keyWhere(condition: string): Promise<string>;
}

const operatorToken = 'operator-of-the-shop';
const tokenSecret = 'a secret of the troubled shop, long enough';

const tables = [
  ['salesOrder', 'Sales', 'Sales order'],
  ['customer', 'Sales', 'Customer'],
  ['salesInvoice', 'Accounting', 'Sales invoice'],
  ['item', 'Stock', 'Item'],
  ['sensorReading', null, null],
] as const;

/** Its path at the receiver is its id. */
interface Wish {
  readonly id: string;
  readonly name: string;
  readonly table: string;
  readonly company?: string;
  readonly url?: string;
  readonly breaker?: 'wait';
  readonly concurrency?: number;
  readonly onTruncate?: boolean;
}

const wishes: readonly Wish[] = [
  { id: 'warehouse', name: 'Orders to the warehouse', table: 'salesOrder' },
  { id: 'accounting', name: 'Invoices to accounting', table: 'salesInvoice', url: 'http://127.0.0.1:9/in' },
  { id: 'crm', name: 'Customers to the CRM', table: 'customer', breaker: 'wait' },
  { id: 'shop', name: 'Prices to the web shop', table: 'item', concurrency: 1 },
  { id: 'forecast', name: 'Orders to the forecast', table: 'salesOrder' },
  { id: 'archive', name: 'Invoices to the archive', table: 'salesInvoice', onTruncate: true },
  { id: 'mailing', name: 'Customer mailing list', table: 'customer', company: 'company-b' },
  { id: 'dashboard', name: 'Orders to the dashboard', table: 'salesOrder', company: 'company-b' },
  { id: 'catalogue', name: 'Catalogue', table: 'item', company: 'company-b' },
  { id: 'telemetry', name: 'Readings to telemetry', table: 'sensorReading' },
  { id: 'audit', name: 'Audit of new suppliers', table: 'customer', company: 'company-c' },
];

export async function openTroubledShop(): Promise<TroubledShop> {
  const open = new AsyncDisposableStack();
  const postgres = open.use(await startTestPostgres());
  const database = open.use(await createInstalledDatabase(postgres.url));
  const receiver = open.use(await startReceiver({ behaviour: { delayMs: 3, body: '{"ok":true}' } }));
  await createTables(database);
  await createWebhooks(database, receiver.url);
  misbehave(receiver);
  const service = open.use(
    startService({
      databaseUrl: database.serviceUrl,
      env: {
        ROWHOOK_BREAKER_FAILURES: '5',
        ROWHOOK_LOG_LEVEL: 'info',
        ROWHOOK_ADMIN_TOKEN: operatorToken,
        ROWHOOK_TOKEN_SECRET: tokenSecret,
      },
    }),
  );
  await service.ready();
  const stop = new AbortController();
  const traffic = work(database, stop.signal);
  open.defer(async () => {
    stop.abort();
    await traffic;
  });
  await haveTrouble(database);
  return {
    url: service.httpUrl,
    database,
    service,
    operatorToken,
    companyToken: async (companyId) =>
      await signCompanyToken(companyId, { secret: tokenSecret, seconds: 3_600 }),
    deliveryWhere: async (condition) =>
      await newest(database, `(extract(epoch from at) * 1000000)::bigint || '-' || uid`, condition),
    keyWhere: async (condition) => await newest(database, 'key', condition),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function createTables({ dba }: InstalledDatabase): Promise<void> {
  await dba.query('create schema erp');
  for (const [name, module, label] of tables) {
    await dba.query(
      `create table erp."${name}" (id text primary key, "companyId" text not null, status text not null default 'draft',
         total numeric(12,2), "customerName" text, notes text, "updatedAt" timestamptz not null default now())`,
    );
    await dba.query(`select rowhook.enable_table($1, module => $2, label => $3)`, [
      `erp."${name}"`,
      module,
      label,
    ]);
  }
}

async function createWebhooks({ admin }: InstalledDatabase, receiverUrl: string): Promise<void> {
  for (const wish of wishes) {
    await admin.query(
      `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert, on_update, on_delete, on_truncate, breaker, concurrency)
       values ($1, $2, $3, $4, $5, true, true, true, $6, $7, $8)`,
      [
        wish.id,
        wish.company ?? 'company-a',
        wish.name,
        wish.table,
        wish.url ?? `${receiverUrl}/${wish.id}`,
        wish.onTruncate ?? false,
        wish.breaker ?? null,
        wish.concurrency ?? null,
      ],
    );
  }
}

function misbehave(receiver: Receiver): void {
  let asked = 0;
  receiver.behave(() => {
    asked += 1;
    return asked < 12 ? { delayMs: 5 } : { status: 503, body: 'upstream connect error', delayMs: 120 };
  }, '/warehouse');
  receiver.behave({ status: 401, body: '{"error":"token expired"}' }, '/crm');
  receiver.behave({ delayMs: 900 }, '/shop');
  let archived = 0;
  receiver.behave(() => {
    archived += 1;
    return archived === 4 ? { status: 422, body: '{"error":"unknown field notes"}' } : { delayMs: 8 };
  }, '/archive');
}

/** What the companies do all day. */
async function work({ app }: InstalledDatabase, until: AbortSignal): Promise<void> {
  for (let n = 1; !until.aborted; n++) {
    const [name] = tables[n % tables.length] ?? tables[0];
    const company = `company-${n % 3 === 0 ? 'b' : 'a'}`;
    await app.query(
      `insert into erp."${name}" (id, "companyId", total, "customerName") values ($1, $2, $3, 'Granite & Sons')`,
      [`${name.slice(0, 2)}${n}`, company, (n * 17.35).toFixed(2)],
    );
    if (n % 2 === 0)
      await app.query(
        `update erp."${name}" set status = 'confirmed', total = total + 10, "updatedAt" = now() where id = $1`,
        [`${name.slice(0, 2)}${n}`],
      );
    if (n % 9 === 0) await app.query(`delete from erp."${name}" where id = $1`, [`${name.slice(0, 2)}${n}`]);
    await pause(60 + 50 * Math.sin(n / 40));
  }
}

async function haveTrouble({ admin, app, dba }: InstalledDatabase): Promise<void> {
  await app.query(
    `insert into erp.item (id, "companyId", total) select 'bulk' || n, 'company-a', n from generate_series(1, 3000) n`,
  );
  await app.query(
    `insert into erp."salesInvoice" (id, "companyId", notes) values ('large', 'company-a', repeat('n', 17000000))`,
  );
  await admin.query(
    `update rowhook.webhook set active = false, pause_reason = 'the new mailing tool starts on Monday' where id = 'mailing'`,
  );
  await waitFor(admin, `select 1 from rowhook.counter where success_count > 5 and error_count = 0 limit 1`);
  await dba.query(`select rowhook.disable_table('erp."sensorReading"')`);
  await dba.query('truncate erp."salesInvoice"');
  await waitFor(admin, `select 1 from rowhook.webhook_health where id = 'crm' and health = 'breaker open'`);
}

async function waitFor(admin: InstalledDatabase['admin'], query: string): Promise<void> {
  await waitUntil(async () => (await admin.query(query)).length > 0, { describe: query });
}

async function newest({ admin }: InstalledDatabase, what: string, condition: string): Promise<string> {
  const [row] = await admin.query(
    `select ${what} as found from rowhook.delivery where ${condition} order by at desc limit 1`,
  );
  if (row === undefined) throw new Error(`the delivery log has nothing where ${condition}`);
  return row['found'] ?? '';
}
