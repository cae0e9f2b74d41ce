import { expect, test } from 'vitest';
import { Gate, type GateListener } from '../../src/delivery/gate.ts';
import { parseSnapshot } from '../../src/snapshot.ts';
import { webhookOf } from '../support/deliveries.ts';

const nobody: GateListener = { onOpen: () => undefined, onChanged: () => undefined, onGone: () => undefined };
const asEver = { breaker: null, concurrency: null };
const seesAll = parseSnapshot('100:100:');

function pollOf(revision: bigint, isActive: boolean) {
  const webhooks = [{ uid: 1n, revision, isActive, url: 'https://example.com/polled', sending: asEver }];
  return { webhooks, snapshot: seesAll, asked: null };
}

test('is closed for a webhook that it has not heard of', () => {
  expect(new Gate(nobody).isOpen(1n)).toBe(false);
});

test('the version with the higher revision wins, whichever way it came', () => {
  const gate = new Gate(nobody);
  gate.learn(webhookOf({ revision: 1n }), null);
  gate.learnFromPoll(pollOf(3n, false));
  gate.learn(webhookOf({ revision: 2n, isActive: true }), 7);
  expect(gate.isOpen(1n)).toBe(false);
  gate.learnFromPoll(pollOf(2n, true));
  expect(gate.isOpen(1n)).toBe(false);
  gate.learn(webhookOf({ revision: 4n, url: 'https://example.com/newest' }), 8);
  expect(gate.isOpen(1n)).toBe(true);
  expect(gate.url(1n)).toBe('https://example.com/newest');
});

test('the origin follows the newest URL, without its path and with its port', () => {
  const gate = new Gate(nobody);
  gate.learn(webhookOf({ revision: 1n, url: 'https://example.com/hook' }), null);
  expect(gate.origin(1n)).toBe('https://example.com');
  gate.learn(webhookOf({ revision: 2n, url: 'http://10.0.0.1:8080/hook?a=b' }), 7);
  expect(gate.origin(1n)).toBe('http://10.0.0.1:8080');
  gate.learnFromPoll(pollOf(3n, true));
  expect(gate.origin(1n)).toBe('https://example.com');
});

test('tells when a webhook opens, once', () => {
  const opened: bigint[] = [];
  const gate = new Gate({ ...nobody, onOpen: (uid) => opened.push(uid) });
  gate.learn(webhookOf({ isActive: false }), null);
  gate.learnFromPoll(pollOf(2n, true));
  gate.learnFromPoll(pollOf(2n, true));
  expect(opened).toEqual([1n]);
});

test('tells of each newer version once, and of none that it began with', () => {
  const changed: bigint[] = [];
  const gate = new Gate({ ...nobody, onChanged: (uid) => changed.push(uid) });
  gate.learn(webhookOf(), null);
  gate.learn(webhookOf({ uid: 2n }), null);
  gate.learnFromPoll(pollOf(2n, true));
  gate.learn(webhookOf({ revision: 2n }), 7);
  expect(changed).toEqual([1n]);
  gate.learn(webhookOf({ revision: 3n, sending: { breaker: 'wait', concurrency: 1 } }), 8);
  expect(gate.newest(1n)?.sending).toEqual({ breaker: 'wait', concurrency: 1 });
  expect(changed).toEqual([1n, 1n]);
});

test('a webhook that a poll does not show is gone only if its snapshot would show it', () => {
  const gone: bigint[] = [];
  const gate = new Gate({ ...nobody, onGone: (uid) => gone.push(uid) });
  gate.learn(webhookOf(), 105);
  gate.learnFromPoll({ webhooks: [], snapshot: parseSnapshot('105:106:105'), asked: null });
  gate.learnFromPoll({ webhooks: [], snapshot: parseSnapshot('100:105:'), asked: [1n] });
  expect(gone).toEqual([]);
  gate.learnFromPoll({ webhooks: [], snapshot: parseSnapshot('106:106:'), asked: [2n] });
  expect(gone).toEqual([]);
  gate.learnFromPoll({ webhooks: [], snapshot: parseSnapshot('106:106:'), asked: [1n] });
  expect(gone).toEqual([1n]);
  expect(gate.isGone(1n)).toBe(true);
});
