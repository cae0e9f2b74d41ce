// Between the socket and pg's parser, which keeps a message in memory several times over: a row of the log that is larger than any
// payload goes on without its large values, everything else byte for byte as it came. Invariant: a tuple lacks a value
// only if its values together are larger than a payload, so what is left out would never have been sent.
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
import { maxPayloadBytes } from '../limits.ts';
import { omittedKind, tag } from './pgoutput.ts';

export interface LargeRowLimits {
  /** Messages up to this length pass. */
  readonly maxMessageBytes: number;
  /** How much of a tuple's values is kept, from its first column on. */
  readonly maxTupleBytes: number;
  /** Values up to this length are kept all the same: 1600 columns have 12 MiB of them. */
  readonly alwaysKeptBytes: number;
}

const defaultLimits: LargeRowLimits = {
  maxMessageBytes: maxPayloadBytes,
  maxTupleBytes: maxPayloadBytes,
  alwaysKeptBytes: 8 * 1024,
};

const copyData = 0x64;
const xLogData = 0x77;
/** A letter and a length that counts itself. */
const headerBytes = 5;
/** The header, XLogData's letter, two LSNs and a time; then pgoutput's own letter. */
const kindAt = headerBytes + 25;
/** Up to the first tuple: pgoutput's letter and the table's oid. */
const prefixBytes = 25 + 5;

/** Looks at no more than each message's header. */
export class LargeRows {
  readonly #pass: (bytes: Buffer) => void;
  readonly #limits: LargeRowLimits;
  /** The beginning of a message, too short to tell what it is. */
  #beginning: Buffer | null = null;
  /** Bytes to come of a message that passes. */
  #left = 0;
  #row: ShortenedRow | null = null;

  constructor(pass: (bytes: Buffer) => void, limits: LargeRowLimits = defaultLimits) {
    this.#pass = pass;
    this.#limits = limits;
  }

  /** The next bytes of the server's, cut anywhere. The first call is at the start of a message. */
  take(chunk: Buffer): void {
    const bytes = this.#beginning === null ? chunk : Buffer.concat([this.#beginning, chunk]);
    this.#beginning = null;
    let at = this.#row === null ? 0 : this.#shorten(bytes, 0);
    while (at < bytes.length) {
      const end = this.#endOfPassing(bytes, at);
      if (end > at) this.#pass(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      at = end;
      if (this.#row !== null) at = this.#shorten(bytes, at);
      else if (at < bytes.length) {
        this.#beginning = Buffer.from(bytes.subarray(at));
        return;
      }
    }
  }

  /** Where the bytes end that pass as they are: at a large row, at a beginning that does not tell enough, or at their end. */
  #endOfPassing(bytes: Buffer, start: number): number {
    let at = start + this.#left;
    while (at + headerBytes <= bytes.length) {
      const length = bytes.readUInt32BE(at + 1);
      if (length > this.#limits.maxMessageBytes && bytes[at] === copyData) {
        if (at + kindAt >= bytes.length) break;
        if (isRow(bytes, at)) {
          this.#row = new ShortenedRow(length - 4, this.#limits);
          break;
        }
      }
      at += 1 + length;
    }
    this.#left = Math.max(0, at - bytes.length);
    return Math.min(at, bytes.length);
  }

  /** Returns where the row ends. */
  #shorten(bytes: Buffer, start: number): number {
    const row = this.#row;
    if (row === null) return start;
    const end = row.take(bytes, row.isNew ? start + headerBytes : start);
    if (row.isWhole) {
      this.#row = null;
      this.#pass(row.message());
    }
    return end;
  }
}

function isRow(bytes: Buffer, at: number): boolean {
  const kind = bytes[at + kindAt];
  const isChange = kind === tag.insert || kind === tag.update || kind === tag.delete;
  return isChange && bytes[at + headerBytes] === xLogData;
}

type Step = 'prefix' | 'tuple' | 'kind' | 'length' | 'value' | 'rest';

const stepBytes: Readonly<Record<'prefix' | 'tuple' | 'kind' | 'length', number>> = {
  prefix: prefixBytes,
  tuple: 3,
  kind: 1,
  length: 4,
};

/** One CopyData message that arrives piece by piece, and what is kept of it. */
class ShortenedRow {
  readonly #limits: LargeRowLimits;
  /** Bytes to come of the message. */
  #left: number;
  #step: Step = 'prefix';
  /** Bytes to come of the step. */
  #wanted = prefixBytes;
  #isKept = true;
  /** Values to come of the tuple, and what is kept of it so far. */
  #columns = 0;
  #tupleBytes = 0;
  #kept = Buffer.allocUnsafe(64 * 1024);
  #length = headerBytes;

  constructor(bytes: number, limits: LargeRowLimits) {
    this.#left = bytes;
    this.#limits = limits;
  }

  get isNew(): boolean {
    return this.#length === headerBytes;
  }

  get isWhole(): boolean {
    return this.#left === 0;
  }

  /** Returns the first place in `bytes` that is not its own any more. */
  take(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length && this.#left > 0) {
      const count = Math.min(this.#wanted, this.#left, bytes.length - at);
      if (this.#isKept) this.#keep(bytes.subarray(at, at + count));
      at += count;
      this.#left -= count;
      this.#wanted -= count;
      if (this.#wanted === 0) this.#next();
    }
    return at;
  }

  message(): Buffer {
    this.#kept[0] = copyData;
    this.#kept.writeUInt32BE(this.#length - 1, 1);
    return this.#kept.subarray(0, this.#length);
  }

  #next(): void {
    if (this.#step === 'prefix') this.#begin('tuple');
    else if (this.#step === 'tuple') this.#beginTuple();
    else if (this.#step === 'kind') this.#afterKind();
    else if (this.#step === 'length') this.#beginValue();
    else this.#beginColumn();
  }

  #begin(step: keyof typeof stepBytes): void {
    this.#step = step;
    this.#wanted = stepBytes[step];
    this.#isKept = true;
  }

  #beginTuple(): void {
    this.#columns = this.#kept.readUInt16BE(this.#length - 2);
    this.#tupleBytes = 0;
    this.#beginColumn();
  }

  #beginColumn(): void {
    this.#begin(this.#columns === 0 ? 'tuple' : 'kind');
    this.#columns -= 1;
  }

  #afterKind(): void {
    const kind = this.#kept[this.#length - 1];
    if (kind === 0x74 /* t */) this.#begin('length');
    else if (kind === 0x6e /* n */ || kind === 0x75 /* u */) this.#beginColumn();
    // The reader says which kind it does not know.
    else this.#beginBytes('rest', this.#left, false);
  }

  #beginValue(): void {
    const length = this.#kept.readUInt32BE(this.#length - 4);
    const { maxTupleBytes, alwaysKeptBytes } = this.#limits;
    const isKept = length <= alwaysKeptBytes || this.#tupleBytes + length <= maxTupleBytes;
    if (isKept) this.#tupleBytes += length;
    else this.#kept[this.#length - stepBytes.length - stepBytes.kind] = omittedKind;
    if (length === 0) this.#beginColumn();
    else this.#beginBytes('value', length, isKept);
  }

  #beginBytes(step: 'value' | 'rest', wanted: number, isKept: boolean): void {
    this.#step = step;
    this.#wanted = wanted;
    this.#isKept = isKept;
  }

  #keep(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#kept.length));
      this.#kept.copy(larger, 0, 0, this.#length);
      this.#kept = larger;
    }
    bytes.copy(this.#kept, this.#length);
    this.#length = length;
  }
}
