// When a transaction counts as one that Postgres cannot send.
import { expect, test } from 'vitest';
import { explainUnsendable, UnsendableWatch } from '../../src/replication/unsendable.ts';

function begin(commitLsn: bigint): Buffer {
  const message = Buffer.alloc(21);
  message.write('B');
  message.writeBigUInt64BE(commitLsn, 1);
  message.writeUInt32BE(793, 17);
  return message;
}

const row = Buffer.from('I');
const commit = Buffer.from('C');

function failure(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

const tooLong = failure('invalid memory alloc request size 1200000003', 'XX000');

/** Each stream: its messages, and what it ended with; returns what the last of them told. */
function told(...streams: readonly (readonly [readonly Buffer[], Error])[]): bigint | undefined {
  const watch = new UnsendableWatch();
  let commitLsn: bigint | undefined;
  for (const [messages, end] of streams) {
    for (const message of messages) watch.sees(message);
    commitLsn = watch.endedWith(end)?.commitLsn;
  }
  return commitLsn;
}

test('the same error in the same transaction, twice in a row, is its end', () => {
  expect(told([[begin(1n), commit, begin(2n), row], tooLong], [[begin(2n), row], tooLong])).toBe(2n);
});

test('where a stream broke off is known, whatever ended it', () => {
  const watch = new UnsendableWatch();
  watch.sees(begin(2n));
  watch.endedWith(failure('terminating connection', '57P01'));
  expect(watch.brokenOff?.commitLsn).toBe(2n);
  watch.endedWith(failure('terminating connection', '57P01'));
  expect(watch.brokenOff).toBeNull();
});

test.each([
  ['once', [[[begin(2n), row], tooLong]]],
  [
    'twice for different reasons',
    [
      [[begin(2n)], failure('other', 'XX000')],
      [[begin(2n)], tooLong],
    ],
  ],
  [
    'in two transactions',
    [
      [[begin(1n)], tooLong],
      [[begin(1n), commit, begin(2n)], tooLong],
    ],
  ],
  [
    'twice, after its COMMIT',
    [
      [[begin(2n), commit], tooLong],
      [[begin(2n), commit], tooLong],
    ],
  ],
  [
    'twice, with another end between',
    [
      [[begin(2n)], tooLong],
      [[], new Error('Connection terminated')],
      [[begin(2n)], tooLong],
    ],
  ],
  [
    'twice, for want of memory',
    [
      [[begin(2n)], failure('out of memory', '53200')],
      [[begin(2n)], failure('out of memory', '53200')],
    ],
  ],
  [
    'twice, with the server shutting down',
    [
      [[begin(2n)], failure('terminating', '57P01')],
      [[begin(2n)], failure('terminating', '57P01')],
    ],
  ],
  [
    'twice, with a line that breaks',
    [
      [[begin(2n)], failure('reset', 'ECONNRESET')],
      [[begin(2n)], failure('reset', 'ECONNRESET')],
    ],
  ],
] as const)('%s is not', (_case, streams) => {
  expect(told(...streams)).toBeUndefined();
});

test('says what is too long, where that is why', () => {
  expect(explainUnsendable(tooLong)).toContain('longer than 1 GB in text form');
  expect(explainUnsendable(failure('string buffer exceeds maximum allowed length', '54000'))).toContain(
    '1 GB',
  );
  expect(explainUnsendable(failure('division by zero', '22012'))).toBe('division by zero');
});
