// Bytes of pgoutput, protocol version 1, to messages. A change is read in two steps: its table's oid (five bytes,
// enough to skip it), and, only when somebody wants it, its columns as Postgres' own text.
// https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
import { isAscii } from 'node:buffer';
import type { Lsn } from '../lsn.ts';
import type { LeaveCarried } from './leaf-identities.ts';

export const tag = {
  begin: 0x42,
  commit: 0x43,
  delete: 0x44,
  insert: 0x49,
  message: 0x4d,
  origin: 0x4f,
  relation: 0x52,
  truncate: 0x54,
  update: 0x55,
  type: 0x59,
} as const;

export interface BeginMessage {
  /** LSN of the commit record: the order of transactions, and the same whenever this one is sent. */
  readonly commitLsn: Lsn;
  /** Milliseconds since 1970, by the server's clock. */
  readonly commitTimeMs: number;
  readonly xid: number;
}

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Part of the replica identity; under FULL every column is. */
  readonly isKey: boolean;
}

export interface RelationMessage {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `d` default, `n` nothing, `f` full, `i` index. */
  readonly identity: string;
  readonly columns: readonly RelationColumn[];
}

/** A type that is not built in, told before the relation that has it. */
export interface TypeMessage {
  readonly oid: number;
  /** Of the type, or of the one that a domain stands on. */
  readonly schema: string;
  readonly name: string;
}

/** A column's kind where the value was left out on its way here, for its size; its length follows as with a text. */
export const omittedKind = 0x4c;

/** Column text, null, or undefined where the log does not carry the value. */
export type TupleValues = (string | null | undefined)[];

export interface RowMessage {
  /** The new row; null for a DELETE. */
  readonly record: TupleValues | null;
  /** The old row as far as the log carries it. */
  readonly old: TupleValues | null;
  /** Whether `old` holds identity columns only. */
  readonly isOldPartial: boolean;
  /** The message's length: its values together are shorter. */
  readonly bytes: number;
  /** There only where values were left out for their size. */
  readonly omitted?: OmittedValues;
}

/** By column the length of each value that is larger than any payload, in bytes. In its tuple it is undefined. */
export interface OmittedValues {
  readonly record: ReadonlyMap<number, number>;
  readonly old: ReadonlyMap<number, number>;
}

/** 2000-01-01, from which Postgres counts, in milliseconds since 1970. */
export const postgresEpochMs = 946_684_800_000;

export function readBegin(message: Buffer): BeginMessage {
  return {
    commitLsn: message.readBigUInt64BE(1),
    commitTimeMs: postgresEpochMs + Number(message.readBigInt64BE(9)) / 1000,
    xid: message.readUInt32BE(17),
  };
}

/** The end LSN of a COMMIT: where the next WAL record starts, and what may be confirmed once all of it is settled. */
export function readCommitEnd(message: Buffer): Lsn {
  return message.readBigUInt64BE(10);
}

/** The table's oid of an INSERT, UPDATE or DELETE. */
export function readRelationOid(message: Buffer): number {
  return message.readUInt32BE(1);
}

/** The oids of the tables that one TRUNCATE emptied, CASCADE included; how it was asked for (the byte before them) changes nothing. */
export function readTruncateOids(message: Buffer): readonly number[] {
  const count = message.readUInt32BE(1);
  return Array.from({ length: count }, (_, i) => message.readUInt32BE(6 + 4 * i));
}

export function readRelation(message: Buffer): RelationMessage {
  const cursor = { at: 5 };
  const schema = readSchema(message, cursor);
  const name = readName(message, cursor);
  const identity = String.fromCharCode(message.readUInt8(cursor.at));
  const count = message.readUInt16BE(cursor.at + 1);
  cursor.at += 3;
  const columns: RelationColumn[] = [];
  for (let i = 0; i < count; i++) {
    const isKey = (message.readUInt8(cursor.at) & 1) === 1;
    cursor.at += 1;
    const columnName = readName(message, cursor);
    columns.push({ name: columnName, typeOid: message.readUInt32BE(cursor.at), isKey });
    cursor.at += 8;
  }
  return { oid: readRelationOid(message), schema, name, identity, columns };
}

export function readType(message: Buffer): TypeMessage {
  const cursor = { at: 5 };
  const schema = readSchema(message, cursor);
  return { oid: message.readUInt32BE(1), schema, name: readName(message, cursor) };
}

/**
 * The columns of an INSERT, UPDATE or DELETE. Strings are copied out of the buffer, which is reused by the client. What the old row carries
 * follows the relation's identity, or `leaveCarried` where that says nothing: see LeafIdentities.
 */
export function readRow(message: Buffer, relation: RelationMessage, leaveCarried?: LeaveCarried): RowMessage {
  const cursor: Cursor = { at: 5, omitted: nothing };
  const text = asciiText(message);
  let old: TupleValues | null = null;
  let record: TupleValues | null = null;
  let isOldPartial = false;
  let omittedOfOld = nothing;
  while (cursor.at < message.length) {
    const part = message.readUInt8(cursor.at);
    cursor.at += 1;
    if (part === 0x4e /* N */) {
      record = readTuple(message, cursor, text);
    } else {
      old = readTuple(message, cursor, text);
      isOldPartial = part === 0x4b; /* K */
      omittedOfOld = cursor.omitted;
      cursor.omitted = nothing;
    }
  }
  if (old !== null && leaveCarried !== undefined) isOldPartial = leaveCarried(old);
  else if (old !== null && isOldPartial) leaveKeysOnly(old, relation.columns);
  const row = { record, old, isOldPartial, bytes: message.length };
  if (cursor.omitted === nothing && omittedOfOld === nothing) return row;
  return { ...row, omitted: { record: cursor.omitted, old: omittedOfOld } };
}

interface Cursor {
  at: number;
  /** Of the tuple that was read last. */
  omitted: ReadonlyMap<number, number>;
}

const nothing: ReadonlyMap<number, number> = new Map();

// An empty name stands for pg_catalog.
function readSchema(message: Buffer, cursor: { at: number }): string {
  return readName(message, cursor) || 'pg_catalog';
}

function readName(message: Buffer, cursor: { at: number }): string {
  const end = message.indexOf(0, cursor.at);
  const name = message.toString('utf8', cursor.at, end);
  cursor.at = end + 1;
  return name;
}

/** A message up to this length is decoded whole. The values cut out of it keep all of it in memory. */
const longestWhole = 4_096;
/** Where the first tuple starts: the oid before it may hold any bytes. */
const tuplesAt = 5;

// One call for a row instead of one for each value. Lengths above 127 are not ASCII either: then each value is decoded
// by itself.
function asciiText(message: Buffer): string | null {
  const isWhole = message.length <= longestWhole && isAscii(message.subarray(tuplesAt));
  return isWhole ? message.toString('latin1') : null;
}

function readTuple(message: Buffer, cursor: Cursor, text: string | null): TupleValues {
  const count = message.readUInt16BE(cursor.at);
  let at = cursor.at + 2;
  const values: TupleValues = new Array<string | null | undefined>(count);
  for (let i = 0; i < count; i++) {
    const kind = message[at];
    at += 1;
    if (kind === 0x74 /* t */) {
      const start = at + 4;
      at = start + message.readUInt32BE(at);
      values[i] = text === null ? message.toString('utf8', start, at) : text.slice(start, at);
    } else if (kind === 0x6e /* n */) {
      values[i] = null;
    } else if (kind === 0x75 /* u */) {
      // Not a hole: array methods pass over those.
      values[i] = undefined;
    } else if (kind === omittedKind) {
      values[i] = undefined;
      cursor.omitted = new Map([...cursor.omitted, [i, message.readUInt32BE(at)]]);
      at += 4;
    } else {
      throw new Error(
        `pgoutput sent a column of kind 0x${(kind ?? 0).toString(16)}, which text mode does not have`,
      );
    }
  }
  cursor.at = at;
  return values;
}

// A K tuple carries every column, those outside the identity as nulls that mean nothing.
function leaveKeysOnly(values: TupleValues, columns: readonly RelationColumn[]): void {
  for (const [i, column] of columns.entries()) if (!column.isKey) values[i] = undefined;
}
