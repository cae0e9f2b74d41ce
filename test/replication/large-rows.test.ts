// A stream cut anywhere passes as it is, but for rows that are larger than the limit: those lose their large values and nothing else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LargeRows, type LargeRowLimits } from '../../src/replication/large-rows.ts';
import { omittedKind, readRow, type RelationMessage } from '../../src/replication/pgoutput.ts';

const limits: LargeRowLimits = { maxMessageBytes: 300, maxTupleBytes: 120, alwaysKeptBytes: 8 };

function message(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function xLogData(body: Buffer): Buffer {
  return message('d', Buffer.concat([Buffer.from('w'), Buffer.alloc(24, 0x64), body]));
}

type Cell = Buffer | 'n' | 'u' | { readonly omitted: number };

function cell(value: Cell): Buffer {
  if (value === 'n' || value === 'u') return Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.isBuffer(value) ? value.length : value.omitted);
  if (!Buffer.isBuffer(value)) return Buffer.concat([Buffer.of(omittedKind), length]);
  return Buffer.concat([Buffer.from('t'), length, value]);
}

interface Tuple {
  readonly letter: 'K' | 'O' | 'N';
  readonly cells: readonly Cell[];
}

function tuple({ letter, cells }: Tuple): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(cells.length);
  return Buffer.concat([Buffer.from(letter), count, ...cells.map(cell)]);
}

function row(letter: 'I' | 'U' | 'D', tuples: readonly Tuple[]): Buffer {
  return xLogData(
    Buffer.concat([Buffer.from(letter), Buffer.from([0, 0, 0x64, 0xff]), ...tuples.map(tuple)]),
  );
}

/** What is left of a tuple, worked out from its values. */
function shortened({ letter, cells }: Tuple): Tuple {
  let kept = 0;
  const keep = (value: Cell): Cell => {
    if (!Buffer.isBuffer(value)) return value;
    if (value.length > limits.alwaysKeptBytes && kept + value.length > limits.maxTupleBytes) {
      return { omitted: value.length };
    }
    kept += value.length;
    return value;
  };
  return { letter, cells: cells.map(keep) };
}

interface Sample {
  readonly sent: Buffer;
  readonly expected: Buffer;
}

const value = fc.oneof(
  fc.constantFrom<Cell>('n', 'u', Buffer.alloc(0)),
  fc.integer({ min: 1, max: 400 }).map((length): Cell => Buffer.alloc(length, 0x49)),
);
const cells = fc.array(value, { maxLength: 8 });
const rows: fc.Arbitrary<Sample> = fc
  .tuple(fc.constantFrom('I' as const, 'U' as const, 'D' as const), cells, cells)
  .map(([letter, old, record]) => {
    const [first, second] = [{ letter: 'O', cells: old } as const, { letter: 'N', cells: record } as const];
    const tuples = letter === 'U' ? [first, second] : letter === 'I' ? [second] : [first];
    const sent = row(letter, tuples);
    const isLarge = sent.length - 1 > limits.maxMessageBytes;
    return { sent, expected: isLarge ? row(letter, tuples.map(shortened)) : sent };
  });
const bytes = fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array));
const others: fc.Arbitrary<Sample> = fc
  .oneof(
    // A large message that is none of a row's: a relation with many columns, a keepalive, a notice.
    bytes.map((body) => xLogData(Buffer.concat([Buffer.from('R'), body]))),
    bytes.map((body) => message('d', Buffer.concat([Buffer.from('k'), body]))),
    fc.tuple(fc.constantFrom('N', 'S', 'D', 'Z'), bytes).map(([letter, body]) => message(letter, body)),
  )
  .map((sent) => ({ sent, expected: sent }));

function passed(sent: Buffer, cuts: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  const large = new LargeRows((part) => parts.push(Buffer.from(part)), limits);
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (sent.length + 1)), sent.length].sort((a, b) => a - b)) {
    const chunk = Buffer.from(sent.subarray(from, to));
    large.take(chunk);
    // The socket's buffer may be used again.
    chunk.fill(0);
    from = to;
  }
  return Buffer.concat(parts);
}

test('everything passes byte for byte, however it is cut, and large rows without their large values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(rows, others), { maxLength: 6 }),
      fc.array(fc.nat(5_000), { maxLength: 30 }),
      (samples, cuts) => {
        const sent = Buffer.concat(samples.map((sample) => sample.sent));
        const expected = Buffer.concat(samples.map((sample) => sample.expected));
        expect(passed(sent, cuts).equals(expected)).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('cut after each byte, a large row passes as it does in one piece', () => {
  const large = row('U', [
    { letter: 'K', cells: [Buffer.from('key'), 'n'] },
    { letter: 'N', cells: [Buffer.alloc(400, 0x61), Buffer.from('acme'), 'u', Buffer.alloc(100, 0x62)] },
  ]);
  const each = Array.from(large.keys());
  expect(passed(large, each).equals(passed(large, []))).toBe(true);
});

const relation: RelationMessage = {
  oid: 0x64ff,
  schema: 'erp',
  name: 'document',
  identity: 'f',
  columns: [],
};

test('what is left is read as a row that tells how long the values were that it lacks', () => {
  const sent = row('U', [
    { letter: 'O', cells: [Buffer.alloc(500, 0x61), Buffer.from('acme')] },
    { letter: 'N', cells: ['u', Buffer.from('globex')] },
  ]);
  expect(readRow(passed(sent, [7, 40]).subarray(30), relation)).toMatchObject({
    old: [undefined, 'acme'],
    record: [undefined, 'globex'],
    omitted: { old: new Map([[0, 500]]), record: new Map() },
  });
});

test('a column of a kind that text mode does not have is left for the reader to refuse', () => {
  const body = Buffer.concat([Buffer.from('I\0\0dÿN\0\x01b', 'latin1'), Buffer.alloc(400)]);
  const next = message('d', Buffer.from('k'));
  const out = passed(Buffer.concat([xLogData(body), next]), [50]);
  expect(out.subarray(-next.length).equals(next)).toBe(true);
  expect(() => readRow(out.subarray(30, -next.length), relation)).toThrow('a column of kind 0x62');
  expect(out.length).toBeLessThan(100);
});

test('a row of 300 MB takes up less than a hundredth of that', () => {
  const piece = Buffer.alloc(64 * 1024, 0x61);
  const pieces = 4_800;
  const head = row('I', [{ letter: 'N', cells: [Buffer.from('acme'), Buffer.alloc(1)] }]).subarray(0, -1);
  head.writeUInt32BE(head.length - 1 + pieces * piece.length, 1);
  head.writeUInt32BE(pieces * piece.length, head.length - 4);
  let length = 0;
  const large = new LargeRows((part) => (length += part.length));
  const before = process.memoryUsage().arrayBuffers;
  large.take(head);
  for (let i = 0; i < pieces; i++) large.take(piece);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3_000_000);
  expect(length).toBe(head.length);
});
