import { expect, test } from 'vitest';
import type { BreakerMode } from '../../src/breaker-settings.ts';
import { Breakers, type BreakerEvent } from '../../src/delivery/breaker.ts';
import type { Outcome } from '../../src/delivery/outcome.ts';

const refused: Outcome = { kind: 'failed', class: 'refused', detail: 'nobody listens' };
const unavailable: Outcome = { kind: 'rejected', status: 503 };
const delivered: Outcome = { kind: 'delivered', status: 200 };

interface Play {
  readonly breakers: Breakers;
  readonly log: string[];
  /** Webhook 1, so many times. */
  fail(times: number, outcome?: Outcome): void;
  passMs(ms: number): void;
  nowMs(): number;
}

function play(mode: BreakerMode | null = 'wait', operator: BreakerMode = 'off'): Play {
  let nowMs = 1_000;
  const log: string[] = [];
  const tell =
    (what: string) =>
    ({ mode: chosen, openMs, lastError }: BreakerEvent): void => {
      log.push(`${what} ${chosen} after ${openMs} ms: ${lastError}`);
    };
  const breakers = new Breakers({
    settings: { mode: operator, failures: 3, maxProbeMs: 4_000 },
    modeOf: () => mode,
    onOpened: tell('opened'),
    onProbe: () => {
      log.push(`probe at ${nowMs}`);
    },
    onClosed: tell('closed'),
    now: () => nowMs,
  });
  return {
    breakers,
    log,
    fail: (times, outcome = refused) => {
      for (let i = 0; i < times; i++) breakers.finished(1n, outcome, nowMs);
    },
    passMs: (ms) => {
      const until = nowMs + ms;
      while (nowMs < until) {
        nowMs += 100;
        breakers.look();
      }
    },
    nowMs: () => nowMs,
  };
}

test('opens after so many failures in a row, whatever their kind, and tells once', () => {
  const { breakers, log, fail } = play();
  fail(2, unavailable);
  expect(breakers.mayBeOut(1n)).toBe(null);
  fail(10);
  expect(breakers.mayBeOut(1n)).toBe(0);
  expect(breakers.mayBeOut(2n)).toBe(null);
  expect(log).toEqual(['opened wait after 0 ms: refused nobody listens']);
});

test('one that arrives in between starts the count anew, and what was not sent does not count', () => {
  const { breakers, fail } = play();
  fail(2);
  breakers.finished(1n, delivered, 0);
  fail(2);
  fail(5, { kind: 'interrupted', detail: 'another process took over' });
  fail(5, { kind: 'dropped', reason: 'deleted' });
  expect(breakers.mayBeOut(1n)).toBe(null);
  fail(1);
  expect(breakers.mayBeOut(1n)).toBe(0);
});

test.each([
  [null, 'off', null],
  [null, 'wait', 0],
  ['off', 'wait', null],
  ['drop', 'off', 0],
] as const)('a webhook that chose %s, where the operator chose %s', (webhook, operator, mayBeOut) => {
  const { breakers, fail } = play(webhook, operator);
  fail(10);
  expect(breakers.mayBeOut(1n)).toBe(mayBeOut);
});

test('probes one at a time, after pauses that grow to the longest', () => {
  const { breakers, log, fail, passMs } = play();
  fail(3);
  for (let round = 0; round < 4; round++) {
    passMs(4_100);
    expect(breakers.mayBeOut(1n)).toBe(1);
    fail(1);
    expect(breakers.mayBeOut(1n)).toBe(0);
  }
  passMs(3_900);
  expect(breakers.mayBeOut(1n)).toBe(0);
  passMs(100);
  expect(breakers.mayBeOut(1n)).toBe(1);
  expect(log.filter((line) => line.startsWith('probe'))).toHaveLength(5);
});

test('what was out before the probe fails without a word, and closes it when it arrives', () => {
  const { breakers, log, fail, passMs, nowMs } = play();
  fail(3);
  passMs(1_000);
  breakers.finished(1n, refused, nowMs() - 500);
  expect(breakers.mayBeOut(1n)).toBe(1);
  breakers.finished(1n, delivered, nowMs() - 500);
  expect(breakers.mayBeOut(1n)).toBe(null);
  expect(log.at(-1)).toBe('closed wait after 1000 ms: refused nobody listens');
});

test('where others are dropped, one change is let through to be the probe, and another one if nothing came of it', () => {
  const { breakers, fail, passMs } = play('drop');
  fail(3);
  expect(breakers.drops(1n)).toBe(true);
  passMs(1_000);
  expect([breakers.drops(1n), breakers.drops(1n), breakers.drops(2n)]).toEqual([false, true, false]);
  passMs(1_000);
  expect([breakers.drops(1n), breakers.drops(1n)]).toEqual([false, true]);
});

test('where all wait, nothing is dropped', () => {
  const { breakers, fail } = play('wait');
  fail(3);
  expect([breakers.drops(1n), breakers.dropsStored(1n)]).toEqual([false, false]);
});

test('whoever changes the webhook closes it, and the count begins anew', () => {
  const { breakers, log, fail } = play();
  fail(3);
  breakers.forget(1n);
  fail(2);
  breakers.forget(1n);
  fail(2);
  expect(breakers.mayBeOut(1n)).toBe(null);
  expect(log).toHaveLength(2);
});

test('tells what people look at only when it changed', () => {
  const { breakers, fail, passMs } = play();
  fail(3);
  expect(breakers.takeChanges()).toEqual([{ uid: 1n, openMs: 0, probeInMs: 1_000 }]);
  expect(breakers.takeChanges()).toEqual([]);
  passMs(1_000);
  expect(breakers.takeChanges()).toEqual([{ uid: 1n, openMs: 1_000, probeInMs: null }]);
  breakers.finished(1n, delivered, 0);
  expect(breakers.takeChanges()).toEqual([{ uid: 1n, openMs: null, probeInMs: null }]);
});
