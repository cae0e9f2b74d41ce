import { expect, test } from 'vitest';
import { describeOutcome, singleLine, type Outcome } from '../../src/delivery/outcome.ts';

test.each<[Outcome, string]>([
  [{ kind: 'delivered', status: 204 }, 'delivered 204'],
  [{ kind: 'rejected', status: 503 }, 'rejected 503'],
  [{ kind: 'rejected', status: 503, detail: 'try\r\nlater' }, 'rejected 503 try later'],
  [{ kind: 'failed', class: 'timeout', detail: 'after 10000 ms' }, 'timeout after 10000 ms'],
  [{ kind: 'failed', class: 'blocked_address', detail: '' }, 'blocked_address'],
  [{ kind: 'interrupted', detail: 'outcome unknown' }, 'interrupted outcome unknown'],
  [{ kind: 'dropped', reason: 'deleted' }, 'dropped deleted'],
  [
    { kind: 'dropped', reason: 'backlog_too_old' },
    'dropped backlog_too_old it was waiting for longer than ROWHOOK_BACKLOG_MAX_AGE_MS allows',
  ],
])('describes %o in one line that begins with its class', (outcome, text) => {
  expect(describeOutcome(outcome)).toBe(text);
});

test.each([
  ['a\tb\u0000c\u001b[31md', 'a b c [31md'],
  ['right\u202eleft\u2028next\u00a0word', 'right left next word'],
  [' \ud800 x ', 'x'],
  ['cut \ufffd\ufffd', 'cut'],
  ['été 😀', 'été 😀'],
])('makes %j a single harmless line', (text, line) => {
  expect(singleLine(text, 100)).toBe(line);
});

test('shortens by whole characters', () => {
  expect(singleLine('😀😀😀😀', 3)).toBe('😀😀…');
  expect(singleLine('abc', 3)).toBe('abc');
});

test('what an endpoint answered is made a line in no time, whatever bytes it is', () => {
  const startedAt = performance.now();
  expect(singleLine(`${'\ufffd'.repeat(200_000)}x`, 3)).toBe('\ufffd\ufffd…');
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
