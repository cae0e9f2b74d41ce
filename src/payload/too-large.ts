// What is larger than a payload may be is not built: from the lengths of its texts where they tell, else as soon as the growing JSON
// does. No text of ours comes near the longest that V8 can hold, which would end the process.

import { largePayloadBytes, maxPayloadBytes } from '../limits.ts';
import type { OmittedValues, RowMessage } from '../replication/pgoutput.ts';
import { buildPayload, fillUnchanged, type PayloadInput } from './payload.ts';
import { PayloadTooLarge } from './payload-too-large.ts';
import type { Row } from './row.ts';

/** The rows of a change, with the record's unchanged values taken from the old row. */
export interface FilledRows {
  readonly record: Row | null;
  readonly old: Row | null;
  /** Values that are too large to be here, and undefined in their row. */
  readonly omitted?: OmittedValues;
}

export function filledRows({ record, old, omitted }: RowMessage): FilledRows {
  if (record === null || old === null)
    return omitted === undefined ? { record, old } : { record, old, omitted };
  if (omitted === undefined) return { record: fillUnchanged(record, old), old };
  const filled = record.map((value, index) =>
    value === undefined && !omitted.record.has(index) ? old[index] : value,
  );
  const unchanged = [...omitted.old].filter(([index]) => record[index] === undefined);
  return {
    record: filled,
    old,
    omitted: { record: new Map([...unchanged, ...omitted.record]), old: omitted.old },
  };
}

export interface LimitedInput extends PayloadInput {
  /** Of the row's message in the log. */
  readonly messageBytes: number;
  /** What `record` and `old` lack for its size. */
  readonly omitted?: OmittedValues;
}

/** A payload, or about how large it would be, in bytes. */
export type BuiltPayload =
  { readonly body: string | Buffer; readonly bytes: number } | { readonly tooLargeBytes: number };

export function buildWithinLimit(input: LimitedInput): BuiltPayload {
  const { record, old, omitted, messageBytes } = input;
  // No value stands in a payload more than twice.
  if (omitted !== undefined || 2 * messageBytes > maxPayloadBytes) {
    const atLeast = textLength(record, omitted?.record) + textLength(old ?? [], omitted?.old);
    if (atLeast > maxPayloadBytes) return { tooLargeBytes: atLeast };
  }
  try {
    const text = buildPayload(input);
    const bytes = Buffer.byteLength(text);
    if (bytes > maxPayloadBytes) return { tooLargeBytes: bytes };
    return { body: bytes > largePayloadBytes ? Buffer.from(text) : text, bytes };
  } catch (error) {
    if (error instanceof PayloadTooLarge) return { tooLargeBytes: error.bytes };
    throw error;
  }
}

/** Of all values together: no less than this many bytes. */
function textLength(row: Row, omitted?: ReadonlyMap<number, number>): number {
  let length = 0;
  for (const value of row) if (typeof value === 'string') length += value.length;
  if (omitted !== undefined) for (const bytes of omitted.values()) length += bytes;
  return length;
}
