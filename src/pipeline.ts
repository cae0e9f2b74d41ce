// The path of a change: read → match → build → admit → claim → post → outcome → counters.
//
// Each (change, webhook) pair is POSTed zero or one times. The claim is committed before the first byte leaves: a crash after
// it leaves a claim without an outcome, which is counted as an error and never sent again; a crash before it leaves
// nothing, and Postgres sends the change again. Claiming after the POST would send twice what a crash interrupts.
import type { Counters } from './counters.ts';
import type { Note } from './delivery/claimer.ts';
import type { Delivery, Payload } from './delivery/delivery.ts';
import type { Row } from './payload/row.ts';
import type { Position } from './position.ts';
import type { Floor, UnsettledChange } from './replication/floor.ts';
import type { RelationMessage } from './replication/pgoutput.ts';
import type { LogChange, LogTruncate } from './replication/reader.ts';
import type { Decision, Match, MatchInput } from './webhooks/match.ts';
import type { Route, RowOperation } from './webhooks/registry.ts';
import type { Webhook } from './webhooks/webhook.ts';

/** What is known about a table's columns, loaded once for each description of it in the log. */
export interface PreparedRelation {
  companyIndex(companyColumn: string | null): number;
  orderKeys(rows: readonly (Row | null)[]): readonly string[];
  payload(input: PayloadRequest): Payload;
}

export interface PayloadRequest {
  readonly type: RowOperation;
  readonly table: string;
  readonly companyId: string | null;
  readonly record: Row;
  /** undefined: no key `old`. */
  readonly old: Row | null | undefined;
  readonly isPartial: boolean;
}

export interface PipelineParts {
  readonly floor: Floor;
  readonly counters: Counters;
  route(relation: RelationMessage): Route | undefined;
  prepared(relation: RelationMessage): PreparedRelation;
  match(route: Route, input: MatchInput): Decision;
  matchTruncate(route: Route): readonly Webhook[];
  fillUnchanged(record: Row, old: Row): Row;
  truncatePayload(table: string): Payload;
  /** Whether an earlier process settled it; uid 0 for a change without a webhook. */
  isSettled(uid: bigint, position: Position): boolean;
  /** Whether the webhook was deleted meanwhile. */
  isGone(uid: bigint): boolean;
  admit(delivery: Delivery): void;
  note(note: Note): void;
  now(): number;
}

export class Pipeline {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** One change of a table that somebody may want. */
  take(change: LogChange): void {
    const { route, prepared, match, floor } = this.#parts;
    const way = route(change.relation);
    if (way === undefined) return;
    const relation = prepared(change.relation);
    const { record, old } = this.#rows(change);
    const companyIndex = relation.companyIndex(way.table.companyColumn);
    const decision = match(way, { operation: change.operation, record, old, companyIndex });
    const matches = decision.matches.filter((found) => !this.#isSettled(found.webhook.uid, change, found));
    const isUndecidable = decision.isUndecidable && !this.#isSettled(0n, change);
    const pending = matches.length + (isUndecidable ? 1 : 0);
    if (pending === 0) return;
    const unsettled = floor.add(change.index, pending);
    if (isUndecidable) this.#noteUndecidable(way, change, unsettled);
    const payloads = new Payloads(relation, way.table.name, change, decision, { record, old });
    const keys = relation.orderKeys([record, old]);
    for (const found of matches) {
      const { webhook } = found;
      const at = position(change, found);
      this.#send({ webhook, at, unsettled, table: way.table.name, keys, build: () => payloads.of(found) });
    }
  }

  /** A TRUNCATE of tables that somebody may want: one position for all of them, and each webhook watches one table. */
  truncate(change: LogTruncate): void {
    const { route, matchTruncate, floor } = this.#parts;
    const at = position(change);
    const told = change.relations.flatMap((relation) => {
      const way = route(relation);
      if (way === undefined) return [];
      const webhooks = matchTruncate(way).filter(({ uid }) => !this.#parts.isSettled(uid, at));
      return webhooks.map((webhook) => ({ webhook, table: way.table.name }));
    });
    if (told.length === 0) return;
    const unsettled = floor.add(change.index, told.length);
    for (const { webhook, table } of told) {
      const build = (): BuiltPayload => this.#buildTruncate(table);
      this.#send({ webhook, at, unsettled, table, keys: 'all', build });
    }
  }

  #buildTruncate(table: string): BuiltPayload {
    return { payload: this.#parts.truncatePayload(table), type: 'TRUNCATE', companyId: null };
  }

  #rows({ row }: LogChange): { record: Row | null; old: Row | null } {
    const { record, old } = row;
    // The old row has what a large unchanged value left out: all of it under full identity, otherwise the key's.
    if (record === null || old === null) return { record, old };
    return { record: this.#parts.fillUnchanged(record, old), old };
  }

  #isSettled(uid: bigint, change: LogChange, found?: Match): boolean {
    return this.#parts.isSettled(uid, position(change, found));
  }

  #send({ webhook, at, unsettled, table, keys, build }: Sending): void {
    if (!webhook.isActive) {
      const count = (): void => this.#parts.counters.missed(webhook.uid);
      this.#parts.note({
        entry: { kind: 'missed', uid: webhook.uid, position: at },
        change: unsettled,
        count,
      });
      return;
    }
    const { payload, type, companyId } = build();
    const readAtMs = this.#parts.now();
    const delivery = {
      webhook,
      position: at,
      change: unsettled,
      type,
      table,
      // The webhook's own copy: one cut out of the message would keep all of that in memory.
      companyId: webhook.companyId ?? companyId,
      payload,
      keys,
      readAtMs,
    };
    if (this.#parts.isGone(webhook.uid)) this.drop(delivery);
    else this.#parts.admit(delivery);
  }

  /** Its webhook was deleted before it was sent. */
  drop(delivery: Delivery): void {
    const { webhook, position: at, change } = delivery;
    const count = (): void => {
      this.#parts.counters.claimed(webhook.uid);
      this.#parts.counters.finished(delivery, { kind: 'dropped', reason: 'deleted' }, new Date());
    };
    const entry = { kind: 'dropped', uid: webhook.uid, position: at, note: 'deleted' } as const;
    this.#parts.note({ entry, change, count });
  }

  #noteUndecidable({ table }: Route, change: LogChange, unsettled: UnsettledChange): void {
    const at = position(change);
    const count = (): void => this.#parts.counters.undecidable(table.name, at);
    const entry = { kind: 'undecidable', uid: 0n, position: at, note: table.name } as const;
    this.#parts.note({ entry, change: unsettled, count });
  }
}

interface Sending {
  readonly webhook: Webhook;
  readonly at: Position;
  readonly unsettled: UnsettledChange;
  readonly table: string;
  readonly keys: Delivery['keys'];
  /** Only called for a webhook that is sent to. */
  build(): BuiltPayload;
}

interface BuiltPayload {
  readonly payload: Payload;
  readonly type: Delivery['type'];
  readonly companyId: string | null;
}

// Each shape of a change is built once, whoever gets it.
class Payloads {
  readonly #table: string;
  readonly #relation: PreparedRelation;
  readonly #change: LogChange;
  readonly #decision: Decision;
  readonly #rows: { readonly record: Row | null; readonly old: Row | null };
  readonly #built = new Map<Match['view'], BuiltPayload>();

  constructor(
    relation: PreparedRelation,
    table: string,
    change: LogChange,
    decision: Decision,
    rows: { readonly record: Row | null; readonly old: Row | null },
  ) {
    this.#table = table;
    this.#relation = relation;
    this.#change = change;
    this.#decision = decision;
    this.#rows = rows;
  }

  of({ view }: Match): BuiltPayload {
    let built = this.#built.get(view);
    if (built === undefined) {
      built = this.#build(view);
      this.#built.set(view, built);
    }
    return built;
  }

  #build(view: Match['view']): BuiltPayload {
    const { record, old } = this.#rows;
    const { operation, row } = this.#change;
    const type = view === 'left' ? 'DELETE' : view === 'joined' ? 'INSERT' : operation;
    const companyId = view === 'left' ? this.#decision.oldCompanyId : this.#decision.companyId;
    const current = type === 'DELETE' ? old : record;
    if (current === null) throw new Error(`the log carries no row for this ${type}`);
    const previous = type === 'INSERT' ? undefined : type === 'DELETE' ? current : old;
    const isPartial = type !== 'INSERT' && row.isOldPartial;
    const request = { type, table: this.#table, companyId, record: current, old: previous, isPartial };
    return { payload: this.#relation.payload(request), type, companyId };
  }
}

function position({ transaction, index }: LogChange | LogTruncate, found?: Match): Position {
  return { commitLsn: transaction.commitLsn, index, part: found?.view === 'joined' ? 1 : 0 };
}
