/** What every test of the main job needs: a database with rowhook, a service that leads, and a receiver with a path per webhook. */
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import type { Session } from '../support/queryable.ts';
import { startReceiver, type Behaviour, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';

export interface WebhookWish {
  /** Its name, and its path at the receiver. */
  readonly name: string;
  readonly table: string;
  /** null: for all companies. */
  readonly company: string | null;
  /** Every operation of a row by default. */
  readonly on?: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  /** Instead of the receiver's. */
  readonly url?: string;
}

export interface Counts {
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
  readonly missed: number;
}

export interface LossRow {
  readonly reason: string;
  readonly table: string | null;
  readonly company: string | null;
  readonly count: number;
}

export interface Scene extends AsyncDisposable {
  readonly database: InstalledDatabase;
  readonly receiver: Receiver;
  readonly service: ServiceProcess;
  /** Creates it as the application does; those for all companies as the superuser. Returns its id, which is its name. */
  createWebhook(wish: WebhookWish): Promise<string>;
  /** A connection of the application's login, for transactions that stay open. */
  connect(company?: string): Promise<Session>;
  /** As the tables' owner, each statement in a transaction of its own. */
  dba(...statements: readonly string[]): Promise<void>;
  /** As the application, each statement in a transaction of its own. */
  app(...statements: readonly string[]): Promise<void>;
  /** The bodies that a webhook's path received, in order of arrival. */
  bodies(name: string): string[];
  waitForBodies(name: string, count: number): Promise<string[]>;
  counts(webhookId: string): Promise<Counts>;
  /** Until the counters are these; what is not given is zero. */
  waitForCounts(webhookId: string, expected: Partial<Counts>): Promise<void>;
  /** The ledger's rows of a webhook by reason, with the sum of their counts; null: those without a webhook. */
  losses(webhookId: string | null): Promise<LossRow[]>;
  /** Until the ledger has so many changes of the table that tell no company. */
  waitForUndecidable(table: string, count: number): Promise<void>;
}

/** `prepare` runs before the service starts for the first time. */
export async function openScene(
  prepare?: (database: InstalledDatabase) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  const open = new AsyncDisposableStack();
  try {
    const database = open.use(await createInstalledDatabase());
    const receiver = open.use(await startReceiver());
    await prepare?.(database);
    const service = open.use(startService({ databaseUrl: database.serviceUrl, env }));
    await service.ready();
    return sceneOf({ database, receiver, service, open });
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}

interface SceneParts {
  readonly database: InstalledDatabase;
  readonly receiver: Receiver;
  readonly service: ServiceProcess;
  readonly open: AsyncDisposableStack;
}

function sceneOf({ database, receiver, service, open }: SceneParts): Scene {
  const uids = new Map<string, string>();
  const counts = async (webhookId: string): Promise<Counts> => readCounts(database, webhookId, uids);
  const bodies = (name: string): string[] => receiver.requestsTo(`/${name}`).map(({ body }) => body);
  return {
    database,
    receiver,
    service,
    createWebhook: async (wish) => {
      const { id, uid } = await createWebhook(database, receiver.url, wish);
      uids.set(id, uid);
      return id;
    },
    connect: async (company) => {
      const session = await database.connect(database.appUrl);
      if (company !== undefined) {
        await session.query(`select set_config('rowhook.company_id', $1, false)`, [company]);
      }
      return session;
    },
    dba: async (...statements) => {
      for (const statement of statements) await database.dba.query(statement);
    },
    app: async (...statements) => {
      for (const statement of statements) await database.app.query(statement);
    },
    bodies,
    waitForBodies: async (name, count) => {
      await receiver.waitFor(count, { path: `/${name}` });
      return bodies(name);
    },
    counts,
    waitForCounts: async (webhookId, expected) => {
      const wanted = JSON.stringify({ claimed: 0, success: 0, error: 0, missed: 0, ...expected });
      let last = '';
      await waitUntil(
        async () => {
          last = JSON.stringify(await counts(webhookId));
          return last === wanted;
        },
        { describe: () => `the counters of ${webhookId} to be ${wanted}; they are ${last}` },
      );
    },
    losses: async (webhookId) => await readLosses(database, webhookId),
    waitForUndecidable: async (table, count) => {
      let found = 0;
      await waitUntil(
        async () => {
          const losses = await readLosses(database, null);
          found = losses.filter((loss) => loss.table === table).reduce((sum, loss) => sum + loss.count, 0);
          return found === count;
        },
        { describe: () => `${count} undecidable changes of ${table}; there are ${found}` },
      );
    },
    [Symbol.asyncDispose]: async () => {
      await open.disposeAsync();
    },
  };
}

async function createWebhook(
  database: InstalledDatabase,
  receiverUrl: string,
  { name, table, company, on = ['insert', 'update', 'delete'], url }: WebhookWish,
): Promise<{ id: string; uid: string }> {
  const known = ['insert', 'update', 'delete', 'truncate'] as const;
  const operations = known.map((operation) => on.includes(operation));
  const login = company === null ? database.admin : database.appAs(company);
  const [columns, values] = company === null ? [', all_companies', ', true'] : ['', ''];
  const [row] = await login.query(
    `insert into rowhook.webhook (id, name, table_name, url, on_insert, on_update, on_delete, on_truncate${columns})
     values ($1, $1, $2, $3, $4, $5, $6, $7${values}) returning uid`,
    [name, table, url ?? `${receiverUrl}/${name}`, ...operations],
  );
  return { id: name, uid: row?.['uid'] ?? '' };
}

// Not from the view: a deleted webhook is not in it any more.
async function readCounts(
  { admin }: InstalledDatabase,
  webhookId: string,
  uids: ReadonlyMap<string, string>,
): Promise<Counts> {
  const [row = {}] = await admin.query(
    `select claimed_count, success_count, error_count, missed_count from rowhook.counter
     where uid = coalesce($2, (select uid from rowhook.webhook where id = $1))`,
    [webhookId, uids.get(webhookId)],
  );
  const count = (name: string): number => Number(row[`${name}_count`] ?? 0);
  return {
    claimed: count('claimed'),
    success: count('success'),
    error: count('error'),
    missed: count('missed'),
  };
}

async function readLosses({ admin }: InstalledDatabase, webhookId: string | null): Promise<LossRow[]> {
  const rows = await admin.query(
    `select reason, table_name, company_id, sum(count) as count from rowhook.loss
     where webhook_id is not distinct from $1 group by 1, 2, 3 order by 1, 2, 3`,
    [webhookId],
  );
  return rows.map((row) => ({
    reason: row['reason'] ?? '',
    table: row['table_name'] ?? null,
    company: row['company_id'] ?? null,
    count: Number(row['count']),
  }));
}

/** An endpoint that answers only when it is told to. */
export function heldAnswers(): { readonly behaviour: Behaviour; release(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return {
    behaviour: async () => {
      await promise;
      return { status: 200 };
    },
    release: () => {
      resolve(undefined);
    },
  };
}
