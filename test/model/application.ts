// The application's side of a schedule: what it writes to two tables and to rowhook.webhook, as transactions of the log; and the model, which is
// only a set: for every webhook each change that it has to be told of by the configuration at that commit.
import type { SendingOptions } from '../../src/webhooks/webhook.ts';
import { relationBytes, rowBytes, truncateBytes, type TableShape, type Values } from './pgoutput-bytes.ts';

export type TableName = 'item' | 'note';
export type Operation = 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';

export interface Hook {
  readonly uid: bigint;
  readonly revision: number;
  /** null: of all companies. */
  readonly company: string | null;
  readonly table: TableName;
  readonly wants: ReadonlySet<Operation>;
  readonly isActive: boolean;
  readonly sending: SendingOptions;
}

/** One delivery that has to be accounted for. */
export interface Pair {
  readonly key: string;
  readonly uid: bigint;
  readonly commitLsn: bigint;
  readonly index: number;
  readonly part: 0 | 1;
  /** Not: its webhook was paused at that commit. */
  readonly isToSend: boolean;
  /** How it is known in a POST: by what it is called there and the row's version. */
  readonly name: string;
  readonly records: readonly string[] | 'all';
}

interface Item {
  readonly id: number;
  readonly company: string;
  readonly version: number;
}

export interface Transaction {
  readonly xid: number;
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly wallMs: number;
  readonly messages: readonly { readonly relations: readonly TableShape[]; readonly bytes: Buffer }[];
  readonly changesConfiguration: boolean;
}

export const writes = [
  'insert',
  'insert',
  'insert',
  'update',
  'update',
  'update',
  'update',
  'update',
  'move',
  'rekey',
  'delete',
  'truncate',
  'create hook',
  'pause hook',
  'resume hook',
  'resume hook',
  'widen hook',
  'delete hook',
] as const;

export interface Write {
  readonly do: (typeof writes)[number];
  readonly n: number;
}

const int8 = 20;
const textOid = 25;
const bool = 16;
const columns = (typeOid: number, ...names: readonly string[]) => names.map((name) => ({ name, typeOid }));

const hookShape: TableShape = {
  oid: 1,
  schema: 'rowhook',
  name: 'webhook',
  columns: [
    ...columns(int8, 'uid', 'revision'),
    ...columns(textOid, 'id', 'company_id', 'name', 'table_name', 'url'),
    ...columns(textOid, 'breaker', 'concurrency'),
    ...columns(bool, 'all_companies', 'on_insert', 'on_update', 'on_delete', 'on_truncate', 'active'),
  ],
};
const shapes: Readonly<Record<TableName, TableShape>> = {
  item: { oid: 11, schema: 'app', name: 'item', columns: columns(textOid, 'id', 'company_id', 'version') },
  note: { oid: 12, schema: 'app', name: 'note', columns: columns(textOid, 'id', 'version') },
};
const maxRows = 3;
const maxHooks = 5;

export function positionKey(
  uid: bigint,
  { commitLsn, index, part }: Pick<Pair, 'commitLsn' | 'index' | 'part'>,
): string {
  return `${uid}@${commitLsn}.${index}.${part}`;
}

export class Application {
  readonly transactions: Transaction[] = [];
  /** The model. */
  readonly pairs = new Map<string, Pair>();
  readonly byName = new Map<string, Pair>();
  hooks = new Map<bigint, Hook>();
  readonly deletedHooks = new Set<bigint>();
  /** As every webhook ever chose. */
  readonly breakers = new Map<bigint, SendingOptions['breaker']>();
  /** By which commit, of those that still are. */
  readonly pausedBy = new Map<bigint, bigint>();
  nextXid = 100;
  endLsn = 64n;
  readonly #rows: Readonly<Record<TableName, Map<number, Item>>> = { item: new Map(), note: new Map() };
  #lastUid = 0n;
  #lastVersion = 0;
  #messages: { relations: readonly TableShape[]; bytes: Buffer }[] = [];
  #changesConfiguration = false;
  /** As it was before the transaction. */
  #matching: readonly Hook[] = [];
  #commitLsn = 0n;

  constructor(hooks: readonly Write[]) {
    for (const { n } of hooks) this.#createHook(n);
    this.#messages = [];
    this.#changesConfiguration = false;
  }

  transaction(list: readonly Write[], wallMs: number): void {
    // The commit record may follow the one before at once: its rows were written earlier.
    this.#commitLsn = this.endLsn + (list.length % 2 === 0 ? 0n : 24n);
    this.#matching = [...this.hooks.values()];
    this.#messages = [];
    this.#changesConfiguration = false;
    for (const write of list) this.#write(write);
    this.endLsn = this.#commitLsn + 8n;
    this.transactions.push({
      xid: this.nextXid,
      commitLsn: this.#commitLsn,
      endLsn: this.endLsn,
      wallMs,
      messages: this.#messages,
      changesConfiguration: this.#changesConfiguration,
    });
    this.nextXid += 1;
  }

  #write({ do: what, n }: Write): void {
    const table: TableName = n % 4 === 0 ? 'note' : 'item';
    const rows = [...this.#rows[table].values()];
    const row = rows[n % Math.max(1, rows.length)];
    if (what === 'create hook') this.#createHook(n);
    else if (what.endsWith(' hook')) this.#changeHook(what, n);
    else if (what === 'truncate') this.#truncate(n);
    else if (what === 'insert' || row === undefined) this.#insert(table, n);
    else if (what === 'delete') this.#change(table, row, null);
    else if (what === 'move') this.#change(table, row, { ...row, company: companyOf(n >> 2) });
    else if (what === 'rekey') this.#change(table, row, { ...row, id: this.#freeId(table) ?? row.id });
    else this.#change(table, row, row);
  }

  #insert(table: TableName, n: number): void {
    const id = this.#freeId(table);
    if (id !== undefined) this.#change(table, null, { id, company: companyOf(n), version: 0 });
  }

  #freeId(table: TableName): number | undefined {
    for (let id = 1; id <= maxRows; id++) if (!this.#rows[table].has(id)) return id;
    return undefined;
  }

  #change(table: TableName, old: Item | null, next: Item | null): void {
    const record = next === null ? null : { ...next, version: (this.#lastVersion += 1) };
    if (old !== null) this.#rows[table].delete(old.id);
    if (record !== null) this.#rows[table].set(record.id, record);
    const index = this.#log(
      [shapes[table]],
      rowBytes(shapes[table].oid, values(table, old), values(table, record)),
    );
    const records = [
      ...new Set([old, record].flatMap((row) => (row === null ? [] : [`${table}/${row.id}`]))),
    ];
    for (const hook of this.#matching) {
      const told = hook.table === table ? toldOf(hook, old, record) : null;
      if (told !== null) this.#expect(hook, { index, part: told.part, name: told.name, records });
    }
  }

  #truncate(n: number): void {
    const tables = (['item', 'note'] as const).filter((_, i) => n % 3 !== i);
    for (const table of tables) this.#rows[table].clear();
    const emptied = tables.map((table) => shapes[table]);
    const index = this.#log(emptied, truncateBytes(emptied.map(({ oid }) => oid)));
    for (const hook of this.#matching) {
      if (!tables.includes(hook.table) || !hook.wants.has('TRUNCATE')) continue;
      this.#expect(hook, { index, part: 0, name: `TRUNCATE ${this.#commitLsn}.${index}`, records: 'all' });
    }
  }

  #expect(hook: Hook, of: Pick<Pair, 'index' | 'part' | 'name' | 'records'>): void {
    const { uid, isActive } = hook;
    const at = { commitLsn: this.#commitLsn, index: of.index, part: of.part };
    const pair = {
      ...at,
      key: positionKey(uid, at),
      uid,
      isToSend: isActive,
      name: of.name,
      records: of.records,
    };
    this.pairs.set(pair.key, pair);
    this.byName.set(`${uid} ${of.name}`, pair);
  }

  #createHook(n: number): void {
    if (this.hooks.size >= maxHooks) return;
    this.#lastUid += 1n;
    const isNote = n % 5 === 4;
    this.#setHook(this.#lastUid, null, {
      uid: this.#lastUid,
      revision: 1,
      company: isNote || n % 3 === 0 ? null : companyOf(n),
      table: isNote ? 'note' : 'item',
      wants: wantsOf(n >> 2),
      isActive: true,
      sending: {
        breaker: ([null, null, 'off', 'wait', 'drop'] as const)[n % 7] ?? null,
        concurrency: n % 6 === 5 ? 1 : null,
      },
    });
  }

  #changeHook(what: Write['do'], n: number): void {
    const hooks = [...this.hooks.values()];
    const hook = hooks[n % Math.max(1, hooks.length)];
    if (hook === undefined) return;
    const next = { ...hook, revision: hook.revision + 1 };
    if (what === 'delete hook') this.#setHook(hook.uid, hook, null);
    else if (what === 'widen hook') this.#setHook(hook.uid, hook, { ...next, wants: wantsOf(n >> 2) });
    else this.#setHook(hook.uid, hook, { ...next, isActive: what === 'resume hook' });
  }

  #setHook(uid: bigint, old: Hook | null, hook: Hook | null): void {
    if (hook === null) {
      this.hooks.delete(uid);
      this.deletedHooks.add(uid);
    } else {
      this.hooks.set(uid, hook);
      this.breakers.set(uid, hook.sending.breaker);
    }
    if (hook?.isActive !== false) this.pausedBy.delete(uid);
    else if (!this.pausedBy.has(uid)) this.pausedBy.set(uid, this.#commitLsn);
    this.#changesConfiguration = true;
    this.#log([hookShape], rowBytes(hookShape.oid, hookValues(old), hookValues(hook)));
  }

  #log(relations: readonly TableShape[], bytes: Buffer): number {
    return this.#messages.push({ relations, bytes }) - 1;
  }
}

export const relationMessage = relationBytes;

/** As rowhook.config_version has them. */
export function tableRows(): { name: TableName; row: Record<string, unknown> }[] {
  return (['item', 'note'] as const).map((name) => {
    const company = name === 'item' ? 'company_id' : null;
    return {
      name,
      row: { name, schema_name: 'app', relation_name: name, company_column: company, enabled: true },
    };
  });
}

export function hookRow(hook: Hook): Record<string, unknown> {
  const cells = hookValues(hook) ?? [];
  return Object.fromEntries(hookShape.columns.map(({ name }, i) => [name, cells[i] ?? null]));
}

export function hookUrl({ uid }: Pick<Hook, 'uid'>): string {
  return `https://example.com/${uid}`;
}

function companyOf(n: number): string {
  return n % 2 === 0 ? 'acme' : 'bolt';
}

function wantsOf(n: number): ReadonlySet<Operation> {
  const operations = ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const;
  // Mostly all of them.
  if (n % 3 !== 0) return new Set(operations);
  return new Set(['INSERT', ...operations.filter((_, i) => ((n >> 2) & (1 << i)) !== 0)]);
}

function toldOf(
  { company, wants }: Hook,
  old: Item | null,
  record: Item | null,
): { part: 0 | 1; name: string } | null {
  const operation = old === null ? 'INSERT' : record === null ? 'DELETE' : 'UPDATE';
  const version = (record ?? old)?.version ?? 0;
  const whole = wants.has(operation) ? { part: 0 as const, name: `${operation} ${version}` } : null;
  if (company === null) return whole;
  if (old !== null && record !== null && old.company !== record.company) {
    if (company === old.company)
      return wants.has('DELETE') ? { part: 0, name: `DELETE ${old.version}` } : null;
    if (company === record.company)
      return wants.has('INSERT') ? { part: 1, name: `INSERT ${version}` } : null;
    return null;
  }
  return company === (record ?? old)?.company ? whole : null;
}

function values(table: TableName, row: Item | null): Values | null {
  if (row === null) return null;
  const [id, version] = [String(row.id), String(row.version)];
  return table === 'item' ? [id, row.company, version] : [id, version];
}

function hookValues(hook: Hook | null): Values | null {
  if (hook === null) return null;
  const { uid, revision, company, table, wants, isActive, sending } = hook;
  const flag = (value: boolean): string => (value ? 't' : 'f');
  const on = (operation: Operation): string => flag(wants.has(operation));
  return [
    ...[String(uid), String(revision), `wh_${uid}`, company, `hook ${uid}`, table, hookUrl(hook)],
    ...[sending.breaker, sending.concurrency === null ? null : String(sending.concurrency)],
    ...[flag(company === null), on('INSERT'), on('UPDATE'), on('DELETE'), on('TRUNCATE'), flag(isActive)],
  ];
}
