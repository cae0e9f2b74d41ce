// Log sequence numbers as 64-bit integers. Text forms differ between messages and functions (padded or not),
// so everything is a bigint inside and text only at the edges.

/** A WAL position. The end LSN of a commit is the first byte after its record. */
export type Lsn = bigint;

export const zeroLsn: Lsn = 0n;

/** `16/B374D848` to an integer. Throws a RangeError for anything else. */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) throw new RangeError(`not an LSN: ${text}`);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** The form that Postgres prints: `16/B374D848`. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`;
}
