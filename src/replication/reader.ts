// The messages of the stream, one after the other, as changes with their positions. It counts every row message, skips what
// was read or settled before, and hands whole transactions' configuration changes on at their COMMIT. While it is held, whatever
// still arrives waits here in order. Invariant: a position is handed on at most once in the life of a process.
import { Fifo } from '../fifo.ts';
import type { Floor, UnsettledTransaction } from './floor.ts';
import { LeafIdentities } from './leaf-identities.ts';
import type { Lsn } from '../lsn.ts';
import {
  readBegin,
  readCommitEnd,
  readRelation,
  readRelationOid,
  readRow,
  readTruncateOids,
  readType,
  tag,
  type BeginMessage,
  type RelationMessage,
  type RowMessage,
  type TypeMessage,
} from './pgoutput.ts';
import type { Operation, RowOperation } from '../webhooks/registry.ts';
import { isAtOrBelow, wholeTransaction, type FloorPosition } from '../position.ts';

/** A wanted change. `row` is read from the buffer at once: the buffer is reused after the call. */
export interface LogChange {
  readonly operation: RowOperation;
  readonly relation: RelationMessage;
  readonly row: RowMessage;
  readonly transaction: BeginMessage;
  readonly index: number;
  /** The relation is a partitioned table, and the row is one of a partition's. */
  readonly isOfPartition: boolean;
}

/** A TRUNCATE of tables of which somebody wants to know it: one index for all of them. */
export interface LogTruncate {
  readonly relations: readonly RelationMessage[];
  readonly transaction: BeginMessage;
  readonly index: number;
}

/** A row of one of rowhook's own configuration tables, as the log has it. */
export interface ConfigurationMessage {
  readonly relation: RelationMessage;
  readonly row: RowMessage;
}

export interface ReadWhen {
  /** The transaction of the row. */
  readonly xid: number;
  /** The very row that was read before, after what it had to wait for. */
  readonly isAgain: boolean;
}

export interface ReaderParts {
  readonly floor: Floor;
  /** Everything up to here was settled before this process began. */
  readonly start: FloorPosition;
  isConfiguration(relation: RelationMessage): boolean;
  /** Whether anybody may want this operation of this table now; asked before the columns are read. */
  isWanted(relation: RelationMessage, operation: Operation): boolean;
  /** What has to be loaded before the first wanted change of a relation can be handed on; null when it is there. */
  prepare(relation: RelationMessage, xid: number): Promise<void> | null;
  /** What has to be loaded before this row of a prepared relation can be handed on; null when it is there. */
  prepareRow(relation: RelationMessage, row: RowMessage, when: ReadWhen): Promise<void> | null;
  onType(type: TypeMessage): void;
  onBegin(transaction: BeginMessage): void;
  /** Of each row change, once, before it is known whether anybody wants it. */
  onRead(): void;
  onChange(change: LogChange): void;
  onTruncate(truncate: LogTruncate): void;
  /** At the COMMIT of a transaction that changed the configuration; the floor waits until it is stored. */
  onConfiguration(
    messages: readonly ConfigurationMessage[],
    transaction: UnsettledTransaction,
    begin: BeginMessage,
  ): void;
  /** Stops and lets the socket flow. */
  setFlowing(isFlowing: boolean): void;
  /** A message that cannot be read, or a bug: the stream has to end. */
  onFailure(error: unknown): void;
}

export type HoldReason = 'start' | 'lanes' | 'relation' | 'stop';

const operations: ReadonlyMap<number, RowOperation> = new Map([
  [tag.insert, 'INSERT'],
  [tag.update, 'UPDATE'],
  [tag.delete, 'DELETE'],
]);

export class Reader {
  readonly #parts: ReaderParts;
  readonly #waiting = new Fifo<Buffer | Lsn>();
  readonly #holds = new Set<HoldReason>(['start']);
  #relations = new Map<number, RelationMessage>();
  #leaves = new LeafIdentities();
  #generation = 0;
  #readUpTo: FloorPosition;
  #transaction: BeginMessage | null = null;
  #index = -1;
  #isReadBefore = false;
  #loads = 0;
  #isAgain = false;
  #configuration: ConfigurationMessage[] = [];

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#readUpTo = parts.start;
  }

  /** Everything up to here was read, by this process or an earlier one. */
  get readUpTo(): FloorPosition {
    return this.#readUpTo;
  }

  /** The transaction that is being read. */
  get transaction(): BeginMessage | null {
    return this.#transaction;
  }

  get isHeld(): boolean {
    return this.#holds.size > 0;
  }

  hold(reason: HoldReason): void {
    if (this.#holds.size === 0) this.#parts.setFlowing(false);
    this.#holds.add(reason);
  }

  release(reason: HoldReason): void {
    if (!this.#holds.delete(reason) || this.isHeld) return;
    if (this.#drain()) this.#parts.setFlowing(true);
  }

  /** A pgoutput message; the buffer is only valid during the call. */
  receive(message: Buffer): void {
    if (this.isHeld) this.#waiting.push(Buffer.from(message));
    else this.#take(message);
  }

  /** A keepalive: everything before this LSN that concerns us has been sent before it. */
  receiveKeepalive(walEnd: Lsn): void {
    if (this.isHeld) this.#waiting.push(walEnd);
    else this.#take(walEnd);
  }

  /** The connection is gone: what waits here and what was open is sent again, relations are told anew. */
  disconnected(): void {
    this.hold('start');
    this.#generation += 1;
    this.#relations = new Map();
    this.#leaves = new LeafIdentities();
    this.#transaction = null;
    while (this.#waiting.shift() !== undefined);
    this.#holds.delete('relation');
  }

  /** A new connection stands, and may flow as far as nothing else holds us. */
  reconnected(): void {
    this.release('start');
    if (this.isHeld) this.#parts.setFlowing(false);
  }

  /** Whether it came to the end without being held again. */
  #drain(): boolean {
    while (!this.isHeld) {
      const next = this.#waiting.shift();
      if (next === undefined) return true;
      this.#take(next);
    }
    return false;
  }

  #take(next: Buffer | Lsn): void {
    try {
      if (typeof next === 'bigint') {
        if (this.#transaction === null) this.#parts.floor.passed(next);
      } else {
        this.#read(next);
      }
    } catch (error) {
      this.hold('stop');
      this.#parts.onFailure(error);
    }
  }

  #read(message: Buffer): void {
    const kind = message[0] ?? 0;
    const operation = operations.get(kind);
    if (operation !== undefined) this.#leaves.changed(readRelationOid(message));
    else if (kind !== tag.relation && kind !== tag.type) this.#leaves.passed();
    if (operation !== undefined) this.#readChange(message, operation);
    else if (kind === tag.begin) this.#begin(readBegin(message));
    else if (kind === tag.commit) this.#commit(readCommitEnd(message));
    else if (kind === tag.relation) this.#relate(readRelation(message));
    else if (kind === tag.type) this.#parts.onType(readType(message));
    else if (kind === tag.truncate) this.#readTruncate(message);
    else if (kind !== tag.origin && kind !== tag.message) {
      throw new Error(`pgoutput sent a message of unknown kind ${JSON.stringify(String.fromCharCode(kind))}`);
    }
  }

  #begin(transaction: BeginMessage): void {
    this.#transaction = transaction;
    this.#index = -1;
    this.#configuration = [];
    this.#isReadBefore = isAtOrBelow(transaction.commitLsn, wholeTransaction, this.#readUpTo);
    if (this.#isReadBefore) return;
    this.#parts.floor.begin(transaction.commitLsn);
    this.#parts.onBegin(transaction);
  }

  #commit(endLsn: Lsn): void {
    const transaction = this.#transaction;
    if (transaction === null) throw new Error('pgoutput sent a COMMIT without its BEGIN');
    this.#transaction = null;
    if (this.#isReadBefore) {
      this.#parts.floor.passed(endLsn);
      return;
    }
    this.#readUpTo = { commitLsn: transaction.commitLsn, index: wholeTransaction };
    const changesConfiguration = this.#configuration.length > 0;
    const unsettled = this.#parts.floor.commit(endLsn, changesConfiguration);
    if (changesConfiguration) this.#parts.onConfiguration(this.#configuration, unsettled, transaction);
  }

  #relate(relation: RelationMessage): void {
    this.#relations.set(relation.oid, relation);
    this.#leaves.described(relation);
  }

  #readChange(message: Buffer, operation: RowOperation): void {
    this.#index += 1;
    const transaction = this.#transaction;
    if (transaction === null) throw new Error('pgoutput sent a change outside a transaction');
    if (this.#isReadBefore) return;
    const relation = this.#relation(readRelationOid(message));
    if (this.#parts.isConfiguration(relation)) {
      this.#configuration.push({ relation, row: readRow(message, relation) });
    }
    const index = this.#index;
    if (isAtOrBelow(transaction.commitLsn, index, this.#readUpTo)) return;
    const leaveCarried = this.#leaves.of(relation);
    const isOfPartition = leaveCarried !== undefined;
    if (this.#isWanted(relation, operation, isOfPartition)) {
      const loading = this.#parts.prepare(relation, transaction.xid);
      if (loading !== null) {
        this.#waitFor(loading, message, transaction, false);
        return;
      }
      const row = readRow(message, relation, leaveCarried);
      const loadingRow = this.#parts.prepareRow(relation, row, {
        xid: transaction.xid,
        isAgain: this.#isAgain,
      });
      if (loadingRow !== null) {
        this.#waitFor(loadingRow, message, transaction, true);
        return;
      }
      this.#parts.onChange({ operation, relation, row, transaction, index, isOfPartition });
    }
    this.#parts.onRead();
    this.#readUpTo = { commitLsn: transaction.commitLsn, index };
    this.#parts.floor.read(index);
  }

  // The DELETE of a row that moves to another partition concerns whoever wants its INSERT there.
  #isWanted(relation: RelationMessage, operation: RowOperation, isOfPartition: boolean): boolean {
    const { isWanted } = this.#parts;
    if (isWanted(relation, operation)) return true;
    return isOfPartition && operation === 'DELETE' && isWanted(relation, 'INSERT');
  }

  // Nothing has to be loaded for it: it tells no row.
  #readTruncate(message: Buffer): void {
    this.#index += 1;
    const transaction = this.#transaction;
    if (transaction === null) throw new Error('pgoutput sent a TRUNCATE outside a transaction');
    const index = this.#index;
    if (this.#isReadBefore || isAtOrBelow(transaction.commitLsn, index, this.#readUpTo)) return;
    const relations = readTruncateOids(message)
      .map((oid) => this.#relation(oid))
      .filter((relation) => this.#parts.isWanted(relation, 'TRUNCATE'));
    if (relations.length > 0) this.#parts.onTruncate({ relations, transaction, index });
    this.#readUpTo = { commitLsn: transaction.commitLsn, index };
    this.#parts.floor.read(index);
  }

  #relation(oid: number): RelationMessage {
    const relation = this.#relations.get(oid);
    if (relation === undefined)
      throw new Error('pgoutput sent a change of a table that it has not described');
    return relation;
  }

  // The change is taken again once what it lacked is there, and may then lack more; what arrives meanwhile waits behind it.
  #waitFor(loading: Promise<void>, message: Buffer, transaction: BeginMessage, isForRow: boolean): void {
    const copy = Buffer.from(message);
    const generation = this.#generation;
    const load = (this.#loads += 1);
    this.hold('relation');
    loading.then(
      () => {
        const isLost = generation !== this.#generation || this.#holds.has('start') || this.#holds.has('stop');
        if (isLost || this.#transaction !== transaction) return;
        this.#index -= 1;
        this.#isAgain = isForRow;
        this.#take(copy);
        this.#isAgain = false;
        if (load === this.#loads) this.release('relation');
      },
      (error: unknown) => {
        this.#parts.onFailure(error);
      },
    );
  }
}
