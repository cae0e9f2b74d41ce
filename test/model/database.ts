// The service's books in memory, with the rules of their SQL: what sql/004_bookkeeping.sql and src/database/ keep in Postgres is here in sets and maps.
// Each method is one statement or one transaction. It also watches: what may never be written is a Violation.
import { FencedError } from '../../src/database/fenced.ts';
import type { FoldInput } from '../../src/database/fold.ts';
import {
  isClaim,
  packJournalBody,
  unpackJournalBody,
  type JournalEntry,
} from '../../src/database/journal-body.ts';
import type { BacklogRange, BacklogSize, StoredDelivery } from '../../src/database/backlog.ts';
import { raisedFloor, type State } from '../../src/database/state.ts';
import type { Takeover } from '../../src/database/takeover.ts';
import type { WebhookPoll } from '../../src/database/webhook-poll.ts';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { Epochs } from '../../src/epochs.ts';
import {
  comparePositions,
  configurationUpTo,
  isAtOrBelow,
  wholeTransaction,
  type FloorPosition,
  type Position,
} from '../../src/position.ts';
import type { ConfigurationChange } from '../../src/webhooks/webhook.ts';
import { hookRow, hookUrl, positionKey, tableRows, type Application } from './application.ts';

/** What the protocol forbids has happened. */
export class Violation extends Error {}

export interface Counter {
  claimed: number;
  success: number;
  error: number;
  missed: number;
  backlogCount: number;
}

type Row = Omit<StoredDelivery, 'ageMs'> & { readonly storedAtMs: number };
type Version = Pick<FoldInput['versions'][number], 'kind' | 'key' | 'commitLsn' | 'row'>;

const writers = ['claim', 'spool', 'fold'] as const;
type Writer = (typeof writers)[number];

export class Database {
  readonly counters = new Map<bigint, Counter>();
  readonly losses: { readonly uid: bigint | null; readonly reason: string; readonly count: number }[] = [];
  /** Everything that was ever in the journal, by its pair. */
  readonly written = new Map<string, JournalEntry>();
  readonly #claimedBy = new Map<string, number>();
  /** Every pair that ever was in the backlog. */
  readonly stored = new Set<string>();
  readonly backlog = new Map<string, Row>();
  readonly journal = new Map<number, Buffer>();
  versions: Version[];
  /** What the slot remembers, and what it falls back to when Postgres crashes. */
  slot = { confirmed: 64n, saved: 64n };
  takenOverAtMs = 0;
  readonly #application: Application;
  readonly #nowMs: () => number;
  readonly #fence: Record<Writer, number> = { claim: 0, spool: 0, fold: 0 };
  #state: State = {
    epoch: 1,
    floor: { commitLsn: 16n, index: wholeTransaction },
    foldedSeq: 0,
    trimmedSeq: 0,
    foldNo: 0,
    systemId: '1',
    timeline: 1,
    databaseOid: 1,
    slot: 'rowhook',
    publicationOptions: {},
    updatedAt: new Date(0),
  };

  constructor(application: Application, nowMs: () => number) {
    this.#application = application;
    this.#nowMs = nowMs;
    const hooks = [...application.hooks.values()].map((hook) => ({
      kind: 'webhook' as const,
      key: String(hook.uid),
      row: hookRow(hook),
    }));
    const tables = tableRows().map(({ name, row }) => ({ kind: 'table' as const, key: name, row }));
    this.versions = [...tables, ...hooks].map((version) => ({ ...version, commitLsn: 16n }));
  }

  get term(): number {
    return this.#fence.claim;
  }

  get state(): State {
    return this.#state;
  }

  isSettled(key: string): boolean {
    return this.written.has(key) || this.stored.has(key);
  }

  /** The term in which it was claimed. */
  claimedBy(key: string): number | undefined {
    return this.#claimedBy.get(key);
  }

  append(term: number, seq: number, entries: readonly JournalEntry[], stored: readonly JournalEntry[]): void {
    this.#requireTerm('claim', term);
    const body = packJournalBody(entries);
    const there = this.journal.get(seq);
    if (there !== undefined) {
      if (there.equals(body)) return;
      throw new FencedError('claim');
    }
    for (const { uid, position } of stored) {
      const key = positionKey(uid, position);
      if (!this.backlog.delete(key))
        throw new Violation(`${key} was claimed from the backlog, where it is not`);
    }
    this.journal.set(seq, body);
    for (const entry of entries) this.#write(entry);
  }

  /** What is about to be claimed: a pause that was read from the log is known. */
  requireActive(entries: readonly JournalEntry[], readUpTo: FloorPosition): void {
    for (const { uid, position } of entries.filter(isClaim)) {
      const pausedBy = this.#application.pausedBy.get(uid);
      if (pausedBy === undefined || !isAtOrBelow(pausedBy, wholeTransaction, readUpTo)) continue;
      throw new Violation(`${positionKey(uid, position)} is claimed after its webhook was paused`);
    }
  }

  checkTerm(term: number): void {
    this.#requireTerm('claim', term);
  }

  store(term: number, deliveries: readonly Delivery[], isAgain: boolean): void {
    this.#requireTerm('spool', term);
    const rows = deliveries.map((delivery) => ({
      key: positionKey(delivery.webhook.uid, delivery.position),
      delivery,
    }));
    if (isAgain && rows[0] !== undefined && this.backlog.has(rows[0].key)) return;
    for (const { key, delivery } of rows) {
      if (this.backlog.has(key)) throw new Violation(`${key} was stored twice`);
      if (this.written.has(key)) throw new Violation(`${key} was stored after it was written down`);
      const { webhook, position, type, table, companyId, payload, keys } = delivery;
      const owner = { uid: webhook.uid, webhookId: webhook.id, ownerId: webhook.companyId };
      this.backlog.set(key, {
        ...owner,
        position,
        type,
        table,
        companyId,
        payload,
        keys,
        storedAtMs: this.#nowMs(),
      });
      this.stored.add(key);
    }
  }

  readBacklog({
    uid,
    after,
    limit,
    maxBytes,
  }: BacklogRange & { readonly maxBytes: number }): StoredDelivery[] {
    const rows: StoredDelivery[] = [];
    let bytes = 0;
    for (const row of this.#rowsAfter(uid, after).slice(0, limit)) {
      if (rows.length > 0 && bytes >= maxBytes) break;
      bytes += row.payload.bytes;
      rows.push({ ...row, ageMs: this.#nowMs() - row.storedAtMs });
    }
    return rows;
  }

  fold(term: number, foldNo: number, input: FoldInput): void {
    this.#requireTerm('fold', term);
    const { foldNo: last, trimmedSeq } = this.#state;
    if (last === foldNo) return;
    if (last !== foldNo - 1) throw new FencedError('fold');
    this.#checkFold(input);
    this.#prune(input);
    const before = this.#state;
    const trimmed = Math.max(trimmedSeq, input.trimSeq);
    this.#state = { ...before, foldNo, floor: input.floor, foldedSeq: input.foldedSeq, trimmedSeq: trimmed };
    for (const { uid, claimed, success, error, missed } of input.counters) {
      const counter = this.#counter(uid);
      counter.claimed += claimed;
      counter.success += success;
      counter.error += error;
      counter.missed += missed;
    }
    for (const { uid, count } of input.sizes) this.#counter(uid).backlogCount = count;
    for (const { uid, reason, count } of input.losses) this.losses.push({ uid, reason, count: count ?? 0 });
    this.#putVersions(input.versions);
    for (const seq of this.journal.keys()) {
      if (seq > trimmedSeq && seq <= input.trimSeq) this.journal.delete(seq);
    }
  }

  poll(asked: readonly bigint[] | null): WebhookPoll {
    const hooks = [...this.#application.hooks.values()].filter(({ uid }) => asked?.includes(uid) !== false);
    return {
      webhooks: hooks.map((hook) => ({
        uid: hook.uid,
        revision: BigInt(hook.revision),
        isActive: hook.isActive,
        url: hookUrl(hook),
        sending: hook.sending,
      })),
      snapshot: { xmax: this.#application.nextXid, running: new Set() },
      asked,
    };
  }

  takeOver(): Takeover {
    for (const writer of writers) this.#fence[writer] += 1;
    this.takenOverAtMs = this.#nowMs();
    const { foldedSeq, trimmedSeq, foldNo } = this.#state;
    const settled = [...this.journal]
      .filter(([seq]) => seq > trimmedSeq)
      .sort(([a], [b]) => a - b)
      .map(([seq, body]) => ({ seq, entries: unpackJournalBody(body) }));
    const lastSeq = settled.at(-1)?.seq ?? Math.max(foldedSeq, trimmedSeq);
    for (const { seq, entries } of settled)
      if (seq > foldedSeq) entries.forEach((entry) => this.#count(entry));
    const interrupted = this.#interrupt();
    for (const [uid, counter] of this.counters) {
      if (![...this.backlog.values()].some((row) => row.uid === uid)) counter.backlogCount = 0;
    }
    this.#state = { ...this.#state, foldedSeq: lastSeq, foldNo: foldNo + 1 };
    const epochs = new Epochs([{ n: 1, timeline: 1, fromLsn: 16n, reason: 'first start' }]);
    return { term: this.term, state: this.#state, epochs, lastSeq, settled, interrupted, quietMs: 0 };
  }

  /** Where a new process begins. */
  get start(): FloorPosition {
    return raisedFloor(this.#state.floor, this.slot.confirmed);
  }

  configuration(): ConfigurationChange[] {
    const upTo = configurationUpTo(this.start);
    const newest = new Map<string, Version>();
    for (const version of this.versions) {
      if (version.commitLsn > upTo) continue;
      const known = newest.get(`${version.kind} ${version.key}`);
      if (known === undefined || known.commitLsn < version.commitLsn) {
        newest.set(`${version.kind} ${version.key}`, version);
      }
    }
    return [...newest.values()].map(({ kind, key, row }) => ({
      kind,
      key,
      row: row as ConfigurationChange['row'],
    }));
  }

  backlogSizes(): BacklogSize[] {
    const sizes = new Map<bigint, BacklogSize>();
    for (const { uid, webhookId, ownerId, payload, storedAtMs } of this.backlog.values()) {
      const { count, bytes, ageMs } = sizes.get(uid) ?? { count: 0, bytes: 0, ageMs: 0 };
      sizes.set(uid, {
        uid,
        webhookId,
        ownerId,
        count: count + 1,
        bytes: bytes + payload.bytes,
        ageMs: Math.max(ageMs, this.#nowMs() - storedAtMs),
        isGone: !this.#application.hooks.has(uid),
      });
    }
    return [...sizes.values()];
  }

  storedAboveFloor(): Pick<JournalEntry, 'uid' | 'position'>[] {
    const { floor } = this.#state;
    return [...this.backlog.values()]
      .filter(({ position }) => !isAtOrBelow(position.commitLsn, position.index, floor))
      .map(({ uid, position }) => ({ uid, position }));
  }

  lossesOf(uid: bigint, reason?: string): number {
    return this.losses
      .filter((loss) => loss.uid === uid && (reason === undefined || loss.reason === reason))
      .reduce((sum, { count }) => sum + count, 0);
  }

  #requireTerm(writer: Writer, term: number): void {
    if (this.#fence[writer] !== term) throw new FencedError(writer);
  }

  #write(entry: JournalEntry): void {
    const key = positionKey(entry.uid, entry.position);
    const before = this.written.get(key);
    if (before !== undefined) throw new Violation(`${key} was ${before.kind}, and then ${entry.kind}`);
    if (this.backlog.has(key)) throw new Violation(`${key} is ${entry.kind}, and still in the backlog`);
    const pair = this.#application.pairs.get(key);
    if (pair === undefined) throw new Violation(`${key} was ${entry.kind}, and nobody wants it`);
    if (pair.isToSend === (entry.kind === 'missed')) throw new Violation(`${key} must not be ${entry.kind}`);
    this.written.set(key, entry);
    if (isClaim(entry)) this.#claimedBy.set(key, this.term);
  }

  #checkFold({ floor, foldedSeq, trimSeq, versions }: FoldInput): void {
    const { floor: before } = this.#state;
    if (!isAtOrBelow(before.commitLsn, before.index, floor)) throw new Violation('the floor went back');
    this.requireSettled(`the floor ${floor.commitLsn}.${floor.index}`, ({ commitLsn, index }) =>
      isAtOrBelow(commitLsn, index, floor),
    );
    this.requireConfiguration('the floor', configurationUpTo(floor), versions);
    if (trimSeq > foldedSeq) throw new Violation('more is trimmed than is folded');
    for (const [seq, body] of this.journal) {
      if (seq > trimSeq) continue;
      for (const { position } of unpackJournalBody(body)) {
        if (!isAtOrBelow(position.commitLsn, position.index, floor))
          throw new Violation(`journal row ${seq} is above the floor, and trimmed`);
      }
    }
  }

  /** That everything that lies at or below something is durable. */
  requireSettled(what: string, isBelow: (position: Omit<Position, 'epoch'>) => boolean): void {
    for (const [key, pair] of this.#application.pairs) {
      if (isBelow(pair) && !this.isSettled(key))
        throw new Violation(`${what} has passed ${key}, which is not settled`);
    }
  }

  requireConfiguration(what: string, upTo: bigint, more: readonly Version[] = []): void {
    for (const { commitLsn, changesConfiguration } of this.#application.transactions) {
      if (commitLsn > upTo || !changesConfiguration) continue;
      const isStored = [...this.versions, ...more].some((version) => version.commitLsn >= commitLsn);
      if (!isStored && commitLsn > this.#prunedUpTo) {
        throw new Violation(`${what} has passed ${commitLsn}, whose configuration is not stored`);
      }
    }
  }

  #prunedUpTo = 0n;

  // Looks at what there was before the fold, as one statement does.
  #prune({ versions, floor, counters }: FoldInput): void {
    if (versions.length === 0) return;
    const upTo = configurationUpTo(floor);
    this.#prunedUpTo = upTo;
    const isBusy = (key: string): boolean => {
      const counter = this.counters.get(BigInt(key));
      const isOut = counter !== undefined && counter.claimed > counter.success + counter.error;
      const isStored = [...this.backlog.values()].some(({ uid }) => String(uid) === key);
      return isOut || isStored || counters.some(({ uid }) => String(uid) === key);
    };
    const all = this.versions;
    this.versions = all.filter((old) => {
      if (old.commitLsn > upTo || (old.kind === 'webhook' && isBusy(old.key))) return true;
      const isReplaced = all.some(
        ({ kind, key, commitLsn }) =>
          kind === old.kind && key === old.key && commitLsn > old.commitLsn && commitLsn <= upTo,
      );
      return old.row !== null && !isReplaced;
    });
  }

  #putVersions(versions: readonly Version[]): void {
    for (const version of versions) {
      const { kind, key, commitLsn } = version;
      this.versions = this.versions.filter(
        (old) => old.kind !== kind || old.key !== key || old.commitLsn !== commitLsn,
      );
      this.versions.push(version);
    }
  }

  #counter(uid: bigint): Counter {
    let counter = this.counters.get(uid);
    if (counter === undefined) {
      counter = { claimed: 0, success: 0, error: 0, missed: 0, backlogCount: 0 };
      this.counters.set(uid, counter);
    }
    return counter;
  }

  #count(entry: JournalEntry): void {
    const counter = this.#counter(entry.uid);
    if (isClaim(entry)) counter.claimed += 1;
    else if (entry.kind === 'missed') counter.missed += 1;
    else if (entry.kind === 'dropped') {
      counter.claimed += 1;
      counter.error += 1;
      this.losses.push({ uid: entry.uid, reason: entry.note ?? '', count: 1 });
    }
  }

  #interrupt(): number {
    let total = 0;
    for (const [uid, counter] of this.counters) {
      const count = counter.claimed - counter.success - counter.error;
      if (count < 0) throw new Violation(`webhook ${uid} has more outcomes than claims`);
      if (count === 0) continue;
      counter.error += count;
      total += count;
      this.losses.push({ uid, reason: 'interrupted', count });
    }
    return total;
  }

  #rowsAfter(uid: bigint, after: Position | null): Row[] {
    return [...this.backlog.values()]
      .filter((row) => row.uid === uid && (after === null || comparePositions(row.position, after) > 0))
      .sort((a, b) => comparePositions(a.position, b.position));
  }
}
