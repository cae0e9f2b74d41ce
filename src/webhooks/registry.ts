// The configuration as of the transaction that is being read. It is fed in commit order, so a change is matched with
// the newest versions committed before it, never with later ones. Invariant: a lookup costs the same however many webhooks
// there are.
import {
  parseTable,
  parseWebhook,
  type ConfigurationChange,
  type SubscribableTable,
  type Webhook,
} from './webhook.ts';

/** What happens to one row. */
export type RowOperation = 'INSERT' | 'UPDATE' | 'DELETE';
export type Operation = RowOperation | 'TRUNCATE';

/** The webhooks that asked for one operation of one table, paused ones included: what they miss is counted. */
export interface Subscribers {
  readonly byCompany: ReadonlyMap<string, ReadonlyMap<bigint, Webhook>>;
  readonly forAllCompanies: ReadonlyMap<bigint, Webhook>;
}

export interface Route {
  readonly table: SubscribableTable;
  readonly subscribers: Readonly<Record<Operation, Subscribers>>;
}

interface MutableSubscribers {
  readonly byCompany: Map<string, Map<bigint, Webhook>>;
  readonly forAllCompanies: Map<bigint, Webhook>;
}

type MutableRoute = Record<Operation, MutableSubscribers>;

export const operations = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;

export class Registry {
  readonly #webhooks = new Map<string, Webhook>();
  readonly #tables = new Map<string, SubscribableTable>();
  readonly #names = new Map<string, string>();
  readonly #routes = new Map<string, MutableRoute>();
  #generation = 0;

  /** Changes with every change of the configuration: a route may be kept as long as this is the same. */
  get generation(): number {
    return this.#generation;
  }

  /** One transaction's changes, at its COMMIT; a key that changed twice in it comes with its last row. */
  apply(changes: readonly ConfigurationChange[]): void {
    this.#generation += 1;
    for (const { kind, key, row } of changes) {
      if (kind === 'webhook') this.#setWebhook(key, row === null ? null : parseWebhook(row));
      else this.#setTable(key, row === null ? null : parseTable(row));
    }
  }

  get webhooks(): Iterable<Webhook> {
    return this.#webhooks.values();
  }

  webhook(uid: bigint): Webhook | undefined {
    return this.#webhooks.get(String(uid));
  }

  /** Whether the delivery log may keep what this table's rows hold: not what is not known any more. */
  logsBodies(tableName: string): boolean {
    return this.#tables.get(tableName)?.logsBodies === true;
  }

  /** Undefined when the table is not known, is disabled, or has no webhook. */
  route(schema: string, relation: string): Route | undefined {
    const name = this.#names.get(qualify(schema, relation));
    if (name === undefined) return undefined;
    const table = this.#tables.get(name);
    const subscribers = this.#routes.get(name);
    return table?.isEnabled === true && subscribers !== undefined ? { table, subscribers } : undefined;
  }

  /** Of every table that is read. */
  *routes(): Iterable<Route> {
    for (const { schema, relation } of this.#tables.values()) {
      const route = this.route(schema, relation);
      if (route !== undefined) yield route;
    }
  }

  #setTable(name: string, table: SubscribableTable | null): void {
    const before = this.#tables.get(name);
    const relation = before === undefined ? '' : qualify(before.schema, before.relation);
    // Another table may have taken that name in the same transaction.
    if (this.#names.get(relation) === name) this.#names.delete(relation);
    this.#tables.delete(name);
    if (table === null) return;
    this.#tables.set(name, table);
    this.#names.set(qualify(table.schema, table.relation), name);
  }

  #setWebhook(key: string, webhook: Webhook | null): void {
    const before = this.#webhooks.get(key);
    if (before !== undefined) this.#unsubscribe(before);
    this.#webhooks.delete(key);
    if (webhook === null) return;
    this.#webhooks.set(key, webhook);
    this.#subscribe(webhook);
  }

  #subscribe(webhook: Webhook): void {
    let route = this.#routes.get(webhook.tableName);
    if (route === undefined) {
      route = {
        INSERT: noSubscribers(),
        UPDATE: noSubscribers(),
        DELETE: noSubscribers(),
        TRUNCATE: noSubscribers(),
      };
      this.#routes.set(webhook.tableName, route);
    }
    for (const operation of operations) {
      if (!wants(webhook, operation)) continue;
      const { byCompany, forAllCompanies } = route[operation];
      if (webhook.isForAllCompanies) forAllCompanies.set(webhook.uid, webhook);
      else if (webhook.companyId !== null) {
        const company = byCompany.get(webhook.companyId);
        if (company === undefined) byCompany.set(webhook.companyId, new Map([[webhook.uid, webhook]]));
        else company.set(webhook.uid, webhook);
      }
    }
  }

  #unsubscribe(webhook: Webhook): void {
    const route = this.#routes.get(webhook.tableName);
    if (route === undefined) return;
    for (const operation of operations) {
      const { byCompany, forAllCompanies } = route[operation];
      forAllCompanies.delete(webhook.uid);
      if (webhook.companyId === null) continue;
      const company = byCompany.get(webhook.companyId);
      company?.delete(webhook.uid);
      if (company?.size === 0) byCompany.delete(webhook.companyId);
    }
  }
}

/** Whether a change can concern anybody; an UPDATE may also be a row that leaves or joins a company. */
export function isWanted({ subscribers }: Route, operation: Operation): boolean {
  if (hasSubscribers(subscribers[operation])) return true;
  return operation === 'UPDATE' && (hasSubscribers(subscribers.INSERT) || hasSubscribers(subscribers.DELETE));
}

function hasSubscribers({ byCompany, forAllCompanies }: Subscribers): boolean {
  return byCompany.size > 0 || forAllCompanies.size > 0;
}

function wants(webhook: Webhook, operation: Operation): boolean {
  switch (operation) {
    case 'INSERT':
      return webhook.onInsert;
    case 'UPDATE':
      return webhook.onUpdate;
    case 'DELETE':
      return webhook.onDelete;
    case 'TRUNCATE':
      return webhook.onTruncate;
  }
}

function noSubscribers(): MutableSubscribers {
  return { byCompany: new Map(), forAllCompanies: new Map() };
}

// A dot is a legal character in both names; a zero byte is not.
function qualify(schema: string, relation: string): string {
  return `${schema}\0${relation}`;
}
