import { expect, test } from 'vitest';
import { FencedError } from '../../src/database/fenced.ts';
import { decided } from '../../src/delivery/attempt.ts';
import { Claimer } from '../../src/delivery/claimer.ts';
import { Gate } from '../../src/delivery/gate.ts';
import { Lanes } from '../../src/delivery/lanes.ts';
import type { Outcome } from '../../src/delivery/outcome.ts';
import type { PostRequest, PostResult } from '../../src/delivery/post.ts';
import { deliveryOf, webhookOf } from '../support/deliveries.ts';
import { waitUntil } from '../support/wait.ts';

const limits = {
  maxInFlight: 100,
  maxOutPerOrigin: 100,
  maxDeliveriesPerLane: 100,
  maxBytesPerLane: 1_000,
  minDeliveries: 100,
  maxDeliveries: 100,
  maxWaitMs: 1_000,
  maxBytes: 1_000,
  maxBytesOut: 1_000_000,
  maxBytesOutPerLane: 1_000_000,
};

/** A claimer whose journal answers at once, as long as it is not fenced. `post` sees the gate, as the world changes while a connection opens. */
function claimerWith(post: (request: PostRequest, gate: Gate) => Promise<PostResult>, mayBeOut = 32) {
  const gate = new Gate({ onOpen: () => undefined, onChanged: () => undefined, onGone: () => undefined });
  gate.learn(webhookOf(), null);
  const lanes = new Lanes(limits, (uid) => (gate.isOpen(uid) ? mayBeOut : 0));
  const now = () => ({ monotonicMs: performance.now(), wallMs: Date.now() });
  const outcomes: Outcome[] = [];
  const finished = Promise.withResolvers<Outcome[]>();
  const fence = { isFenced: false };
  let seq = 0;
  const claimer = new Claimer({
    lanes,
    gate,
    timeoutMs: 10_000,
    append: () =>
      fence.isFenced
        ? Promise.reject(new FencedError('claim'))
        : Promise.resolve({ seq: ++seq, sentAt: now(), isDurable: true }),
    checkTerm: () => Promise.resolve(now()),
    now,
    post: (request) => post(request, gate),
    freshGate: () => Promise.resolve(),
    onAppended: () => undefined,
    onClaimed: () => undefined,
    settle: () => undefined,
    onFinished: (_delivery, outcome) => {
      outcomes.push(outcome);
      if (lanes.waiting + lanes.inFlight === 0) finished.resolve(outcomes);
    },
    onFailure: finished.reject,
  });
  return { claimer, lanes, gate, fence, ended: outcomes, outcomes: finished.promise };
}

test('a webhook that is deleted while its connection opens is not written to', async () => {
  const { claimer, lanes, outcomes } = claimerWith((request, gate) => {
    gate.remove(1n);
    return Promise.resolve(
      request.mayWrite() ? decided({ kind: 'delivered', status: 200 }) : { kind: 'not_written' },
    );
  });
  lanes.admit(deliveryOf({ index: 0, keys: ['a'] }));
  claimer.wake();
  expect(await outcomes).toEqual([{ kind: 'dropped', reason: 'deleted' }]);
});

test('a webhook that moves while its connection opens is written to at its new address only', async () => {
  const written: string[] = [];
  const { claimer, lanes, outcomes } = claimerWith((request, gate) => {
    gate.learn(webhookOf({ revision: 2n, url: 'https://example.com/new' }), 7);
    if (!request.mayWrite()) return Promise.resolve({ kind: 'not_written' });
    written.push(request.url);
    return Promise.resolve(decided({ kind: 'delivered', status: 200 }));
  });
  lanes.admit(deliveryOf({ index: 0, keys: ['a'] }));
  claimer.wake();
  expect(await outcomes).toEqual([{ kind: 'delivered', status: 200 }]);
  expect(written).toEqual(['https://example.com/new']);
});

test('changes of one record follow each other when each has its outcome at once', async () => {
  const { claimer, lanes, outcomes } = claimerWith(() =>
    Promise.resolve(decided({ kind: 'failed', class: 'blocked_address', detail: 'not allowed' })),
  );
  for (const index of [0, 1, 2]) lanes.admit(deliveryOf({ index, keys: ['a'] }));
  claimer.wake();
  expect(await outcomes).toHaveLength(3);
});

test('a webhook that is paused while a claimed delivery waits for a place is not sent it', async () => {
  const answers: ((result: PostResult) => void)[] = [];
  const { claimer, lanes, gate, ended } = claimerWith(
    () => new Promise<PostResult>((resolve) => answers.push(resolve)),
    1,
  );
  const answer = async (): Promise<void> => {
    await waitUntil(() => answers.length > 0, { intervalMs: 1, describe: 'a POST' });
    answers.shift()?.(decided({ kind: 'delivered', status: 200 }));
  };
  for (const index of [0, 1, 2]) lanes.admit(deliveryOf({ index, keys: [`r${index}`] }));
  claimer.wake();
  await answer();
  await waitUntil(() => lanes.inFlight === 2, { intervalMs: 1, describe: 'one to be claimed ahead' });
  gate.learn(webhookOf({ revision: 2n, isActive: false }), 7);
  await answer();
  await waitUntil(() => ended.length === 3, { intervalMs: 1, describe: 'all to have an outcome' });
  expect(ended.map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'interrupted']);
  expect(answers).toEqual([]);
});

test('it stops when a claim was refused: what it had taken for that is not waited for, what was claimed before is', async () => {
  const answers: ((result: PostResult) => void)[] = [];
  const { claimer, lanes, fence, ended, outcomes } = claimerWith(
    () => new Promise<PostResult>((resolve) => answers.push(resolve)),
  );
  const failure = outcomes.catch((error: unknown) => error);
  lanes.admit(deliveryOf({ index: 0, keys: ['a'] }));
  claimer.wake();
  await waitUntil(() => answers.length > 0, { intervalMs: 1, describe: 'a POST' });
  fence.isFenced = true;
  lanes.admit(deliveryOf({ index: 1, keys: ['b'] }));
  claimer.wake();
  expect(await failure).toBeInstanceOf(FencedError);
  const stopped = claimer.stop().then(() => ended.length);
  answers.shift()?.(decided({ kind: 'delivered', status: 200 }));
  expect(await stopped).toBe(1);
});
