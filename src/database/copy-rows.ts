// Rows as COPY reads them in its binary form, in one buffer that is used again and again: neither side escapes or parses a text.
// https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-BINARY-FORMAT
const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const isNull = -1;
const endOfRows = -1;
/** From 1970 to 2000, where Postgres begins. */
const epochUs = 946_684_800_000_000n;
const firstBytes = 256 * 1024;
/** Beyond that the buffer is not kept. */
const keptBytes = 4 * 1024 * 1024;

export class CopyRows {
  #buffer = Buffer.allocUnsafe(firstBytes);
  #at = signature.length;

  /** Of what was added since the last call; good until the next row is added. */
  take(): Buffer {
    this.#room(2);
    this.#at = this.#buffer.writeInt16BE(endOfRows, this.#at);
    signature.copy(this.#buffer);
    const rows = this.#buffer.subarray(0, this.#at);
    this.#at = signature.length;
    if (rows.length > keptBytes) this.#buffer = Buffer.allocUnsafe(firstBytes);
    return rows;
  }

  /** A row of so many columns begins; each of them follows, in order. */
  row(columns: number): void {
    this.#room(2);
    this.#at = this.#buffer.writeInt16BE(columns, this.#at);
  }

  /** Also for json, in UTF-8 as bytes. */
  text(value: string | Buffer | null): void {
    if (value === null) {
      this.#length(isNull);
      return;
    }
    if (typeof value !== 'string') {
      this.#length(value.length);
      this.#room(value.length);
      this.#at += value.copy(this.#buffer, this.#at);
      return;
    }
    this.#room(4 + value.length * 3);
    const bytes = this.#buffer.write(value, this.#at + 4, 'utf8');
    this.#buffer.writeInt32BE(bytes, this.#at);
    this.#at += 4 + bytes;
  }

  integer(value: number | null): void {
    if (value === null) {
      this.#length(isNull);
      return;
    }
    this.#length(4);
    this.#at = this.#buffer.writeInt32BE(value, this.#at);
  }

  real(value: number | null): void {
    if (value === null) {
      this.#length(isNull);
      return;
    }
    this.#length(4);
    this.#at = this.#buffer.writeFloatBE(value, this.#at);
  }

  bigint(value: bigint): void {
    this.#length(8);
    this.#at = this.#buffer.writeBigInt64BE(value, this.#at);
  }

  /** Microseconds since 1970. */
  timestamptz(us: number): void {
    this.bigint(BigInt(us) - epochUs);
  }

  // With room for a number behind it.
  #length(bytes: number): void {
    this.#room(12);
    this.#at = this.#buffer.writeInt32BE(bytes, this.#at);
  }

  #room(bytes: number): void {
    if (this.#buffer.length - this.#at >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }
}
