// How many changes each table that is read had in the last hour, by operation and company, by the minute of their commit, in memory: what a
// webhook is told of, or would have been. It lives as long as the term that reads. Every row that somebody wants passes here, so counting
// makes neither text nor object. Invariant: a count is whole from the time on that stands beside it; what may lack something is null.
import { countedSince, LastHour, minuteMs, minuteOf, minutes } from './last-hour.ts';

type Operation = keyof typeof rowOf;

/** Null: it was not read, or is not known of this company. */
export interface TableActivity {
  readonly inserts: Counted | null;
  readonly updates: Counted | null;
  readonly deletes: Counted | null;
  readonly truncates: Counted | null;
}

export interface Counted {
  readonly count: number;
  /** Since when it is counted, if that is less than an hour ago; null: the whole hour. */
  readonly since: Date | null;
}

/** A table that somebody watches, and which operations are read for that. */
export interface ReadTable {
  readonly name: string;
  readonly operations: readonly Operation[];
}

/** Null for what is not asked for: that somebody else watches a table is not a company's to know. */
export function onlyAsked(
  activity: TableActivity,
  asked: Readonly<Record<keyof TableActivity, boolean>>,
): TableActivity {
  return {
    inserts: asked.inserts ? activity.inserts : null,
    updates: asked.updates ? activity.updates : null,
    deletes: asked.deletes ? activity.deletes : null,
    truncates: asked.truncates ? activity.truncates : null,
  };
}

/** Whose the row is and was, as far as that is known; another company than before: it has moved. */
export interface Owners {
  readonly companyId: string | null;
  readonly oldCompanyId: string | null;
}

interface CompanyHour {
  readonly hour: LastHour;
  /** It lacks something of what was before. */
  readonly sinceMs: number;
}

interface Table {
  /** Whatever the company, and as the row's table had it: a row that moves is an update. */
  readonly all: LastHour;
  readonly companies: Map<string, CompanyHour>;
  /** Since when each operation is read, in the order of their rows; null: it is not. */
  readonly readSinceMs: (number | null)[];
  /** The last change that found no room for its company. */
  refusedAtMs: number;
}

const rowOf = { INSERT: 0, UPDATE: 1, DELETE: 2, TRUNCATE: 3 } as const;
const companyRows = 3;

/** Of all tables together: a kilobyte each. */
const defaultMaxCompanies = 20_000;

export class TableActivities {
  readonly #maxCompanies: number;
  readonly #tables = new Map<string, Table>();
  #companies = 0;
  #sinceMs: number;
  #hasBegun = false;
  #atMs: number;
  #minute: number;

  /** `sinceMs`: when the term began. */
  constructor(sinceMs: number, maxCompanies = defaultMaxCompanies) {
    this.#sinceMs = sinceMs;
    this.#atMs = sinceMs;
    this.#minute = minuteOf(sinceMs);
    this.#maxCompanies = maxCompanies;
  }

  /** What is read of which tables from here on; what is not named any more is not known any more. */
  reads(tables: readonly ReadTable[]): void {
    const named = new Set(tables.map(({ name }) => name));
    for (const [name, { companies }] of this.#tables) {
      if (named.has(name)) continue;
      this.#companies -= companies.size;
      this.#tables.delete(name);
    }
    for (const { name, operations } of tables) this.#reads(this.#tableOf(name), operations);
  }

  /** A transaction: what follows is its. The first one that is read says how far back the counts go. */
  begins(committedAtMs: number): void {
    if (!this.#hasBegun && committedAtMs < this.#sinceMs) this.#sinceMs = committedAtMs;
    this.#hasBegun = true;
    this.#atMs = committedAtMs;
    this.#minute = minuteOf(committedAtMs);
  }

  changed(name: string, operation: Operation, { companyId, oldCompanyId }: Owners): void {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    table.all.add(rowOf[operation], this.#minute);
    if (operation === 'UPDATE' && companyId !== oldCompanyId) {
      if (oldCompanyId !== null) this.#count(table, oldCompanyId, rowOf.DELETE);
      if (companyId !== null) this.#count(table, companyId, rowOf.INSERT);
    } else if (companyId !== null) this.#count(table, companyId, rowOf[operation]);
  }

  truncated(name: string): void {
    this.#tables.get(name)?.all.add(rowOf.TRUNCATE, this.#minute);
  }

  /** `companyId` null: of all. A TRUNCATE is everybody's. */
  of(name: string, companyId: string | null, nowMs: number): TableActivity {
    const table = this.#tables.get(name);
    const ofRows = (row: number): Counted | null => {
      if (table === undefined) return null;
      if (companyId === null || row === rowOf.TRUNCATE) return this.#counted(table, row, table.all, nowMs);
      const company = table.companies.get(companyId);
      if (company !== undefined) return this.#counted(table, row, company.hour, nowMs, company.sinceMs);
      const isKnown = table.refusedAtMs < nowMs - minutes * minuteMs;
      return isKnown ? this.#counted(table, row, null, nowMs) : null;
    };
    return {
      inserts: ofRows(rowOf.INSERT),
      updates: ofRows(rowOf.UPDATE),
      deletes: ofRows(rowOf.DELETE),
      truncates: ofRows(rowOf.TRUNCATE),
    };
  }

  /** Companies whose last change is an hour old make room for others. */
  forgetIdle(nowMs: number): void {
    const oldest = minuteOf(nowMs) - minutes;
    for (const { companies } of this.#tables.values())
      for (const [companyId, { hour }] of companies) {
        if (hour.lastMinute > oldest) continue;
        companies.delete(companyId);
        this.#companies -= 1;
      }
  }

  #reads(table: Table, operations: readonly Operation[]): void {
    for (const operation of Object.keys(rowOf) as Operation[]) {
      const row = rowOf[operation];
      const isRead = operations.includes(operation);
      if (isRead && table.readSinceMs[row] === null) {
        table.readSinceMs[row] = this.#hasBegun ? this.#atMs : -Infinity;
        // The rest of a time before, in which it was read too.
        table.all.clear(row);
        if (row < companyRows) for (const { hour } of table.companies.values()) hour.clear(row);
      } else if (!isRead) table.readSinceMs[row] = null;
    }
  }

  #tableOf(name: string): Table {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = {
        all: new LastHour(companyRows + 1, this.#minute),
        companies: new Map(),
        readSinceMs: Object.keys(rowOf).map(() => null),
        refusedAtMs: -Infinity,
      };
      this.#tables.set(name, table);
    }
    return table;
  }

  #count(table: Table, companyId: string, row: number): void {
    const company = table.companies.get(companyId) ?? this.#admit(table, companyId);
    company?.hour.add(row, this.#minute);
  }

  #admit(table: Table, companyId: string): CompanyHour | undefined {
    if (this.#companies >= this.#maxCompanies) {
      table.refusedAtMs = Math.max(table.refusedAtMs, this.#atMs);
      return undefined;
    }
    const company = { hour: new LastHour(companyRows, this.#minute), sinceMs: table.refusedAtMs };
    // A text of its own: this one may be cut out of the message, and would keep all of that in memory.
    table.companies.set(Buffer.from(companyId).toString(), company);
    this.#companies += 1;
    return company;
  }

  #counted(
    table: Table,
    row: number,
    hour: LastHour | null,
    nowMs: number,
    sinceMs = -Infinity,
  ): Counted | null {
    const readSinceMs = table.readSinceMs[row] ?? null;
    if (readSinceMs === null) return null;
    const wholeSinceMs = Math.max(this.#sinceMs, readSinceMs, sinceMs);
    return { count: hour?.sum(row, minuteOf(nowMs)) ?? 0, since: countedSince(wholeSinceMs, nowMs) };
  }
}
