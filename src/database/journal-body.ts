// What a group commit writes to the journal, packed: about ten bytes a delivery. The same bytes are read back by a
// takeover, so a kind or a field is only ever added, under a new format number.
import type { Position } from '../position.ts';

/** A claim from the backlog goes with the removal of its row there, in one statement. */
export type JournalKind = 'claimed' | 'dropped' | 'missed' | 'undecidable' | 'claimed from backlog';

export interface JournalEntry {
  readonly kind: JournalKind;
  /** 0 for a change that no webhook can be decided for. */
  readonly uid: bigint;
  readonly position: Position;
  /** Why it was dropped, or the table that could not be decided. */
  readonly note?: string;
}

const format = 1;
const kinds: readonly JournalKind[] = ['claimed', 'dropped', 'missed', 'undecidable', 'claimed from backlog'];

/** Whether it is about to be sent, and has an outcome later. */
export function isClaim({ kind }: JournalEntry): boolean {
  return kind === 'claimed' || kind === 'claimed from backlog';
}

/** Commit LSNs are written as differences, an epoch only where it changes: a batch mostly comes from neighbouring transactions. */
export function packJournalBody(entries: readonly JournalEntry[]): Buffer {
  const bytes: number[] = [format];
  let epoch = entries[0]?.position.epoch ?? 0;
  writeVarint(bytes, BigInt(epoch));
  writeVarint(bytes, BigInt(entries.length));
  let lsn = 0n;
  for (const { kind, uid, position, note } of entries) {
    const text = Buffer.from(note ?? '');
    const isOtherEpoch = position.epoch !== epoch;
    bytes.push(
      kinds.indexOf(kind) | (position.part << 4) | (text.length > 0 ? 32 : 0) | (isOtherEpoch ? 64 : 0),
    );
    if (isOtherEpoch) writeVarint(bytes, BigInt((epoch = position.epoch)));
    writeVarint(bytes, uid);
    writeVarint(bytes, zigzag(position.commitLsn - lsn));
    writeVarint(bytes, BigInt(position.index));
    lsn = position.commitLsn;
    if (text.length > 0) {
      writeVarint(bytes, BigInt(text.length));
      for (const byte of text) bytes.push(byte);
    }
  }
  return Buffer.from(bytes);
}

/** Throws when the body was written by a newer release or is damaged. */
export function unpackJournalBody(body: Buffer): JournalEntry[] {
  if (body[0] !== format) throw new Error(`journal format ${body[0] ?? 'none'} is unknown to this release`);
  const cursor = { at: 1 };
  let epoch = Number(readVarint(body, cursor));
  const count = Number(readVarint(body, cursor));
  const entries: JournalEntry[] = [];
  let lsn = 0n;
  for (let i = 0; i < count; i++) {
    const head = body.readUInt8(cursor.at++);
    const kind = kinds[head & 15];
    if (kind === undefined) throw new Error(`journal entry of kind ${head & 15} is unknown to this release`);
    if ((head & 64) !== 0) epoch = Number(readVarint(body, cursor));
    const uid = readVarint(body, cursor);
    lsn += unzigzag(readVarint(body, cursor));
    const index = Number(readVarint(body, cursor));
    const position: Position = { epoch, commitLsn: lsn, index, part: (head & 16) === 0 ? 0 : 1 };
    entries.push({ kind, uid, position, ...((head & 32) === 0 ? {} : { note: readText(body, cursor) }) });
  }
  if (cursor.at !== body.length) throw new Error('a journal body is longer than its entries');
  return entries;
}

function readText(body: Buffer, cursor: { at: number }): string {
  const length = Number(readVarint(body, cursor));
  cursor.at += length;
  return body.toString('utf8', cursor.at - length, cursor.at);
}

function writeVarint(bytes: number[], value: bigint): void {
  // Small numbers, the usual case, without the cost of 64-bit arithmetic.
  if (value <= 0x7fff_ffff) {
    let small = Number(value);
    for (; small > 127; small >>>= 7) bytes.push((small & 127) | 128);
    bytes.push(small);
    return;
  }
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
}

function readVarint(body: Buffer, cursor: { at: number }): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = body.readUInt8(cursor.at++);
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return value;
  }
}

function zigzag(value: bigint): bigint {
  return value >= 0n ? value << 1n : (-value << 1n) - 1n;
}

function unzigzag(value: bigint): bigint {
  return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
}
