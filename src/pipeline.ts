// The path of a change: read → match → build → admit → claim → post → outcome → counters.
//
// Each (change, webhook) pair is POSTed zero or one times. The claim is committed before the first byte leaves: a crash after
// it leaves a claim without an outcome, which is counted as an error and never sent again; a crash before it leaves
// nothing, and Postgres sends the change again. Claiming after the POST would send twice what a crash interrupts.
import type { Counters } from './counters.ts';
import type { BacklogDropReason, DroppedDelivery } from './delivery/backlog-window.ts';
import type { Note } from './delivery/claimer.ts';
import { interruptedByFailover, tooLarge, type Outcome } from './delivery/outcome.ts';
import type { Delivery, Payload } from './delivery/delivery.ts';
import type { Lsn } from './lsn.ts';
import type { Row } from './payload/row.ts';
import type { BuiltPayload, FilledRows } from './payload/too-large.ts';
import type { Position } from './position.ts';
import type { Floor, UnsettledChange } from './replication/floor.ts';
import type { OmittedValues, RelationMessage, RowMessage } from './replication/pgoutput.ts';
import type { LogChange, LogTruncate } from './replication/reader.ts';
import type { Decision, Match, MatchInput } from './webhooks/match.ts';
import type { Route, RowOperation } from './webhooks/registry.ts';
import type { Webhook } from './webhooks/webhook.ts';

/** What is known about a table's columns, loaded once for each description of it in the log. */
export interface PreparedRelation {
  companyIndex(companyColumn: string | null): number;
  orderKeys(rows: readonly (Row | null)[]): Delivery['keys'];
  payload(input: PayloadRequest): BuiltPayload;
}

export interface PayloadRequest {
  readonly type: RowOperation;
  readonly table: string;
  readonly companyId: string | null;
  readonly record: Row;
  /** undefined: no key `old`. */
  readonly old: Row | null | undefined;
  readonly isPartial: boolean;
  /** Of the row's message in the log. */
  readonly messageBytes: number;
  /** What `record` and `old` lack because it is larger than any payload. */
  readonly omitted?: OmittedValues;
}

export interface PipelineParts {
  readonly floor: Floor;
  readonly counters: Counters;
  route(relation: RelationMessage): Route | undefined;
  prepared(relation: RelationMessage): PreparedRelation;
  match(route: Route, input: MatchInput): Decision;
  /** Of each change that is read, before it is known whether it was settled. */
  onMatched(table: string, operation: RowOperation, decision: Decision): void;
  matchTruncate(route: Route): readonly Webhook[];
  onTruncated(table: string): void;
  filledRows(row: RowMessage): FilledRows;
  /** Adds to a change's own keys what it has to wait for as a row that moved between partitions. */
  holdMoved(change: LogChange, keys: Delivery['keys']): Delivery['keys'];
  truncatePayload(table: string): Payload;
  /** Of the stretch of the log that a commit lies in. */
  epochOf(commitLsn: Lsn): number;
  /** Whether a process before may have sent what is not settled here: its claims were lost with their server. */
  mayHaveBeenSent(position: Position): boolean;
  /** Whether an earlier process settled it; uid 0 for a change without a webhook. */
  isSettled(uid: bigint, position: Position): boolean;
  /** Whether the webhook was deleted meanwhile. */
  isGone(uid: bigint): boolean;
  /** Whether its breaker is open and it chose that nothing waits. */
  isBroken(uid: bigint): boolean;
  admit(delivery: Delivery): void;
  note(note: Note): void;
  /** It is written down that this is not sent. */
  onDropped(dropped: Unsent, outcome: Outcome): void;
  /** Told of what is larger than any payload. */
  onTooLarge(dropped: DroppedDelivery, type: Delivery['type'], outcome: Outcome): void;
  now(): number;
}

export class Pipeline {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** One change of a table that somebody may want; whether anybody does. */
  take(change: LogChange): boolean {
    const { route, prepared, match, floor } = this.#parts;
    const way = route(change.relation);
    if (way === undefined) return false;
    const relation = prepared(change.relation);
    // The old row has what a large unchanged value left out: all of it under full identity, otherwise the key's.
    const rows = this.#parts.filledRows(change.row);
    const { record, old } = rows;
    const companyIndex = relation.companyIndex(way.table.companyColumn);
    // Whose the row was is unknown where its company is too large to be here.
    const known = rows.omitted?.old.has(companyIndex) === true ? null : record;
    const decision = match(way, { operation: change.operation, record: known, old, companyIndex });
    this.#parts.onMatched(way.table.name, change.operation, decision);
    const { isSettled } = this.#parts;
    const matches = decision.matches
      .map((found) => ({ found, at: this.#position(change, found) }))
      .filter(({ found, at }) => !isSettled(found.webhook.uid, at));
    const isUndecidable = decision.isUndecidable && !isSettled(0n, this.#position(change));
    const pending = matches.length + (isUndecidable ? 1 : 0);
    const keys = (): Delivery['keys'] => this.#parts.holdMoved(change, relation.orderKeys([record, old]));
    if (pending === 0) {
      // Nobody is told of it, but where the row moves to another partition, its INSERT holds this key, too.
      if (change.isOfPartition) keys();
      return false;
    }
    const unsettled = floor.add(change.index, pending);
    if (isUndecidable) this.#noteUndecidable(way, change, unsettled);
    const payloads = new Payloads(relation, way.table.name, change, decision, rows);
    const held = keys();
    for (const { found, at } of matches) {
      const { webhook } = found;
      this.#send({
        webhook,
        at,
        unsettled,
        table: way.table.name,
        keys: held,
        build: () => payloads.of(found),
      });
    }
    return true;
  }

  /** A TRUNCATE of tables that somebody may want: one position for all of them, and each webhook watches one table. */
  truncate(change: LogTruncate): void {
    const { route, matchTruncate, floor } = this.#parts;
    const at = this.#position(change);
    const told = change.relations.flatMap((relation) => {
      const way = route(relation);
      if (way === undefined) return [];
      this.#parts.onTruncated(way.table.name);
      const webhooks = matchTruncate(way).filter(({ uid }) => !this.#parts.isSettled(uid, at));
      return webhooks.map((webhook) => ({ webhook, table: way.table.name }));
    });
    if (told.length === 0) return;
    const unsettled = floor.add(change.index, told.length);
    for (const { webhook, table } of told) {
      const build = (): View => this.#buildTruncate(table);
      this.#send({ webhook, at, unsettled, table, keys: 'all', build });
    }
  }

  #buildTruncate(table: string): View {
    return { payload: this.#parts.truncatePayload(table), type: 'TRUNCATE', companyId: null };
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
    const dropped = { webhook, position: at, change: unsettled, table, keys };
    if (this.#parts.mayHaveBeenSent(at)) {
      this.#drop(dropped, 'interrupted', interruptedByFailover);
      return;
    }
    if (this.#parts.isGone(webhook.uid)) {
      this.drop(dropped, 'deleted');
      return;
    }
    if (this.#parts.isBroken(webhook.uid)) {
      this.drop(dropped, 'breaker_open');
      return;
    }
    const { payload, type, companyId } = build();
    if ('tooLargeBytes' in payload) {
      const outcome = tooLarge(payload.tooLargeBytes);
      this.#parts.onTooLarge(dropped, type, outcome);
      this.#drop({ ...dropped, type }, 'too_large', outcome);
      return;
    }
    const readAtMs = this.#parts.now();
    this.#parts.admit({
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
    });
  }

  /** Not sent: its webhook was deleted before that, or has more waiting than it may. */
  drop(dropped: DroppedDelivery, reason: BacklogDropReason): void {
    this.#drop(
      dropped,
      reason,
      reason === 'interrupted' ? interruptedByFailover : { kind: 'dropped', reason },
    );
  }

  #drop(dropped: Unsent, note: BacklogDropReason | 'too_large', outcome: Outcome): void {
    const { webhook, position: at, change } = dropped;
    const count = (): void => {
      this.#parts.counters.claimed(webhook.uid);
      this.#parts.counters.finished(dropped, outcome, new Date());
      this.#parts.onDropped(dropped, outcome);
    };
    const entry = { kind: 'dropped', uid: webhook.uid, position: at, note } as const;
    this.#parts.note({ entry, change, count });
  }

  #position({ transaction: { commitLsn }, index }: LogChange | LogTruncate, found?: Match): Position {
    const epoch = this.#parts.epochOf(commitLsn);
    return { epoch, commitLsn, index, part: found?.view === 'joined' ? 1 : 0 };
  }

  #noteUndecidable({ table }: Route, change: LogChange, unsettled: UnsettledChange): void {
    const at = this.#position(change);
    const count = (): void => this.#parts.counters.undecidable(table.name, at);
    const entry = { kind: 'undecidable', uid: 0n, position: at, note: table.name } as const;
    this.#parts.note({ entry, change: unsettled, count });
  }
}

/** With what is known of it. */
type Unsent = DroppedDelivery & Partial<Pick<Delivery, 'type' | 'keys'>>;

interface Sending {
  readonly webhook: Webhook;
  readonly at: Position;
  readonly unsettled: UnsettledChange;
  readonly table: string;
  readonly keys: Delivery['keys'];
  /** Only called for a webhook that is sent to. */
  build(): View;
}

interface View {
  readonly payload: BuiltPayload;
  readonly type: Delivery['type'];
  readonly companyId: string | null;
}

// Each shape of a change is built once, whoever gets it.
class Payloads {
  readonly #table: string;
  readonly #relation: PreparedRelation;
  readonly #change: LogChange;
  readonly #decision: Decision;
  readonly #rows: FilledRows;
  readonly #built: Partial<Record<Match['view'], View>> = {};

  constructor(
    relation: PreparedRelation,
    table: string,
    change: LogChange,
    decision: Decision,
    rows: FilledRows,
  ) {
    this.#table = table;
    this.#relation = relation;
    this.#change = change;
    this.#decision = decision;
    this.#rows = rows;
  }

  of({ view }: Match): View {
    return (this.#built[view] ??= this.#build(view));
  }

  #build(view: Match['view']): View {
    const { record, old } = this.#rows;
    const { operation, row } = this.#change;
    const type = view === 'left' ? 'DELETE' : view === 'joined' ? 'INSERT' : operation;
    const companyId = view === 'left' ? this.#decision.oldCompanyId : this.#decision.companyId;
    const current = type === 'DELETE' ? old : record;
    if (current === null) throw new Error(`the log carries no row for this ${type}`);
    const seenOld = view === 'new only' ? null : old;
    const previous = type === 'INSERT' ? undefined : type === 'DELETE' ? current : seenOld;
    const hasOld = previous !== undefined && previous !== null;
    const isPartial = hasOld && row.isOldPartial;
    const rows = { record: current, old: previous, isPartial, messageBytes: row.bytes };
    const payload = this.#relation.payload({
      type,
      table: this.#table,
      companyId,
      ...rows,
      ...this.#omitted(type, hasOld),
    });
    return { payload, type, companyId };
  }

  #omitted(type: RowOperation, hasOld: boolean): { omitted?: OmittedValues } {
    const { omitted } = this.#rows;
    if (omitted === undefined) return {};
    const record = type === 'DELETE' ? omitted.old : omitted.record;
    return { omitted: { record, old: hasOld ? omitted.old : none } };
  }
}

const none: ReadonlyMap<number, number> = new Map();
