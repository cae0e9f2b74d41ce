import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { CoveringLoss, History, LoggedAttempt, WatchingWebhook } from '../../src/database/history.ts';
import { explain, type Decision, type Reason } from '../../src/webhooks/why.ts';

const at = '2026-03-01T10:00:00.123456Z';
const before = new Date('2026-02-01T00:00:00Z');
const after = new Date('2026-03-02T00:00:00Z');

function webhook(change: Partial<WatchingWebhook> = {}): WatchingWebhook {
  return {
    ...{ health: 'ok', id: 'wh_1', revision: 1, created_at: before, updated_at: before, company_id: 'abc' },
    ...{ all_companies: false, name: 'orders', table_name: 'item', url: 'https://example.com/…' },
    ...{ on_insert: true, on_update: true, on_delete: true, on_truncate: false, active: true },
    ...{
      pause_reason: null,
      breaker: null,
      concurrency: null,
      claimed_count: 0,
      success_count: 0,
      error_count: 0,
      missed_count: 0,
    },
    ...{ last_success_at: null, last_error_at: null, last_error: null },
    ...{ backlog_count: 0, backlog_since: null, breaker_since: null, breaker_probe_at: null },
    ...change,
  };
}

function attempt(change: Partial<LoggedAttempt> = {}): LoggedAttempt {
  return {
    ...{
      at,
      webhook_id: 'wh_1',
      company_id: 'abc',
      change_id: '1-0-0',
      table_name: 'item',
      key: 'i1',
      old_key: null,
    },
    ...{
      uid: 1,
      resend_of: null,
      type: 'INSERT',
      attempt: 1,
      outcome: 'delivered',
      class: null,
      status: 200,
      detail: null,
    },
    ...{ dns_ms: null, connect_ms: null, tls_ms: null, first_byte_ms: 40, total_ms: 41.2, body_bytes: 10 },
    ...change,
  };
}

function history(change: Partial<History> = {}): History {
  return {
    table: { name: 'item', enabled: true },
    key: 'i1',
    attempts: [attempt()],
    waiting: [],
    webhooks: [webhook()],
    log: { mode: 'all', since: '2026-02-27T00:00:00.000Z', dropped: 0 },
    waitingIsUnknown: false,
    losses: [],
    lossesAreUnknown: false,
    isCut: false,
    ...change,
  };
}

/** Of the only change, for the webhook. */
function decisionOf(given: History, id: string): Pick<Decision, 'reason' | 'sentence'> | undefined {
  const { changes } = explain(given);
  expect(changes).toHaveLength(1);
  const found = changes[0]?.decisions.find(({ webhookId }) => webhookId === id);
  return found && { reason: found.reason, sentence: found.sentence };
}

const seen = new Set<Reason>();

test.each<[Partial<LoggedAttempt>, Reason, string]>([
  [{}, 'delivered', 'sent: 200 in 41 ms'],
  [{ outcome: 'rejected', status: 503 }, 'rejected', 'sent, and rejected: 503 in 41 ms'],
  [
    {
      outcome: 'failed',
      status: null,
      class: 'timeout',
      detail: 'after 10000 ms without an answer; outcome unknown',
    },
    'failed',
    'failed: timeout: after 10000 ms without an answer; outcome unknown',
  ],
  [{ outcome: 'interrupted', status: null, detail: 'stopped' }, 'interrupted', 'interrupted: stopped'],
  [{ outcome: 'dropped', status: null, class: 'deleted' }, 'dropped', 'not sent: dropped deleted'],
])('an attempt that was %j', (change, reason, sentence) => {
  seen.add(reason);
  const decision = decisionOf(history({ attempts: [attempt(change)] }), 'wh_1');
  expect(decision).toEqual({ reason, sentence: expect.stringContaining(sentence) as string });
});

test('what was sent again is told from what became of it at first, and says nothing of who was there then', () => {
  const first = attempt({ outcome: 'rejected', status: 503 });
  const again = attempt({ at: '2026-03-03T10:00:00.000001Z', resend_of: at });
  const other = webhook({ id: 'wh_2', created_at: after, updated_at: after });
  const { changes } = explain(history({ attempts: [again, first], webhooks: [webhook(), other] }));
  expect(changes[0]?.decisions).toMatchObject([
    { isResend: true, reason: 'delivered', sentence: 'resend: sent: 200 in 41 ms' },
    { isResend: false, reason: 'rejected', sentence: 'sent, and rejected: 503 in 41 ms' },
    { isResend: false, reason: 'created later' },
  ]);
});

test('one that waits', () => {
  seen.add('waiting');
  const waiting = [{ changeId: '1-0-0', webhookId: 'wh_1', companyId: 'abc', type: 'INSERT', since: at }];
  expect(decisionOf(history({ attempts: [], waiting }), 'wh_1')).toEqual({
    reason: 'waiting',
    sentence: `waits in the backlog since ${at}`,
  });
});

test.each<[string, Partial<WatchingWebhook>, Reason, RegExp]>([
  [
    'created after it',
    { created_at: after, updated_at: after },
    'created later',
    /created later, at 2026-03-02/,
  ],
  ['of another company', { company_id: 'xyz' }, 'other company', /the row was abc's/],
  [
    'that asks for something else',
    { on_insert: false },
    'operation not chosen',
    /asks for UPDATE, DELETE, not for INSERT/,
  ],
  ['that is paused', { active: false }, 'paused', /it is paused, as ever since it was created/],
  [
    'that is paused now, and was changed once',
    { active: false, revision: 2 },
    'unknown',
    /it is paused now, since 2026-02-01.* or longer/,
  ],
  [
    'that asks for something else now, and was changed once',
    { on_insert: false, revision: 2 },
    'unknown',
    /not for INSERT now/,
  ],
  ['that should have got it', {}, 'unknown', /may be on its way, or the log lacks its row/],
])('a webhook %s', (_, change, reason, sentence) => {
  seen.add(reason);
  const other = webhook({ id: 'wh_2', name: 'other', ...change });
  const decision = decisionOf(history({ webhooks: [webhook(), other] }), 'wh_2');
  expect(decision).toEqual({ reason, sentence: expect.stringMatching(sentence) as string });
});

const interruptedLoss = { changeId: '1-0-0', webhookId: 'wh_2', id: 3, reason: 'interrupted', count: 32 };

test('what the ledger has as interrupted around a change was probably interrupted', () => {
  seen.add('probably interrupted');
  const given = history({ webhooks: [webhook(), webhook({ id: 'wh_2' })], losses: [interruptedLoss] });
  expect(decisionOf(given, 'wh_2')).toEqual({
    reason: 'probably interrupted',
    sentence:
      'probably interrupted: loss 3 (interrupted, 32 deliveries) covers this position; whether it arrived is not known',
  });
});

test.each<[string, Partial<History>, RegExp]>([
  [
    'of another reason',
    { losses: [{ ...interruptedLoss, reason: 'timeout', count: 1 }] },
    /or the log lacks its row; loss 3 \(timeout, 1 delivery\) covers this position; whether it counts this change is not known$/,
  ],
  [
    'that does not know how many',
    { losses: [{ ...interruptedLoss, reason: 'gap', count: null }] },
    /; loss 3 \(gap, how many is unknown\) covers/,
  ],
  [
    'beside a log that keeps errors only',
    { log: { mode: 'errors', since: null, dropped: 0 } },
    /keeps only what was not delivered; loss 3 \(interrupted, 32 deliveries\) covers/,
  ],
  [
    'of a change whose company is not known',
    { attempts: [attempt({ company_id: null })] },
    /lacks its row; loss 3/,
  ],
  [
    'of one that is paused now, and was changed once',
    { webhooks: [webhook(), webhook({ id: 'wh_2', active: false, revision: 2 })] },
    /it is paused now.* is not kept; loss 3 \(interrupted/,
  ],
])('a loss %s is named, and no more is said than that it covers the change', (_, change, sentence) => {
  const webhooks = [webhook(), webhook({ id: 'wh_2' })];
  expect(decisionOf(history({ webhooks, losses: [interruptedLoss], ...change }), 'wh_2')).toEqual({
    reason: 'unknown',
    sentence: expect.stringMatching(sentence) as string,
  });
});

test.each<[string, Partial<CoveringLoss>, Partial<WatchingWebhook>, Reason]>([
  ['of another webhook', { webhookId: 'wh_3' }, {}, 'unknown'],
  ['around another change', { changeId: '1-1-0' }, {}, 'unknown'],
  ['of one that was created later', {}, { created_at: after }, 'created later'],
  ['of another company', {}, { company_id: 'xyz' }, 'other company'],
])('a loss %s says nothing', (_, loss, change, reason) => {
  const webhooks = [webhook(), webhook({ id: 'wh_2', ...change })];
  const decision = decisionOf(history({ webhooks, losses: [{ ...interruptedLoss, ...loss }] }), 'wh_2');
  expect(decision).toEqual({ reason, sentence: expect.not.stringContaining('loss 3') as string });
});

test('changes come by their positions, newest first, and a resend moves neither a change nor its time', () => {
  const id = (place: string): string => `1-000000000000000${place}`;
  const earlier = '2026-03-01T09:00:00.000001Z';
  const again = '2026-03-03T10:00:00.000001Z';
  const attempts = [
    attempt({ at: again, resend_of: earlier, change_id: id('9-2') }),
    attempt({ change_id: id('9-10') }),
    attempt({ change_id: id('9-2'), webhook_id: 'wh_2' }),
    attempt({ change_id: id('A-0') }),
    attempt({ change_id: '10-0000000000000001-0' }),
    attempt({ at: earlier, change_id: id('9-2') }),
    attempt({ at: earlier, change_id: id('9-2-1') }),
  ];
  expect(explain(history({ attempts })).changes.map((each) => [each.changeId, each.at])).toEqual([
    ['10-0000000000000001-0', at],
    [id('A-0'), at],
    [id('9-10'), at],
    [id('9-2-1'), earlier],
    [id('9-2'), earlier],
  ]);
});

test('of a change that the log has as sent again only, the time of what was repeated is known', () => {
  const again = '2026-03-03T10:00:00.000001Z';
  expect(explain(history({ attempts: [attempt({ at: again, resend_of: at })] })).changes).toMatchObject([
    { at },
  ]);
});

test('a log that keeps errors only cannot know of what went well', () => {
  const other = webhook({ id: 'wh_2' });
  const log = { mode: 'errors', since: null, dropped: 0 } as const;
  expect(decisionOf(history({ webhooks: [other], log }), 'wh_2')?.sentence).toMatch(
    /keeps only what was not delivered/,
  );
});

test('where companies saw different operations, none is taken for what a third would have seen', () => {
  const attempts = [
    attempt({ type: 'UPDATE', webhook_id: 'wh_3', company_id: null }),
    attempt({ type: 'DELETE' }),
  ];
  const other = webhook({ id: 'wh_2', on_update: false });
  expect(decisionOf(history({ attempts, webhooks: [webhook(), other] }), 'wh_2')?.reason).toBe('unknown');
});

test('a webhook that was deleted keeps its line, without a name', () => {
  const [change] = explain(history({ webhooks: [] })).changes;
  expect(change?.decisions).toMatchObject([{ webhookId: 'wh_1', webhookName: null, reason: 'delivered' }]);
});

test.each<[Partial<History>, RegExp]>([
  [{}, /now keeps every attempt, and goes back to 2026-02-27/],
  [{ log: { mode: 'errors', since: null, dropped: 7 } }, /what was not delivered.*is empty; it lacks 7 rows/],
  [{ log: { mode: 'off', since: null, dropped: 0 } }, /log is off/],
  [{ log: { mode: null, since: null, dropped: 0 } }, /No service has led yet/],
  [{ attempts: [] }, /Neither the log nor the backlog names a change of this record/],
  [{ attempts: [] }, /The key is the value of the primary key; rowhook deliveries --table item shows some\./],
  [{ table: { name: 'item', enabled: false } }, /not enabled: its changes are not read/],
  [{ webhooks: [] }, /No webhook watches item/],
  [{ webhooks: [webhook({ active: false })] }, /Every webhook of item is paused/],
  [{ isCut: true }, /Only the newest 1/],
  [{ waitingIsUnknown: true }, /backlog is too large to be searched/],
  [{ lossesAreUnknown: true }, /ledger is too large to be searched/],
])('it says what it can see: %#', (change, note) => {
  expect(explain(history(change)).notes.join('\n')).toMatch(note);
});

test('of thousands of webhooks and changes few are listed, and the rest is counted', () => {
  const attempts = Array.from({ length: 100 }, (_, n) => attempt({ change_id: `1-${n}-0` }));
  const webhooks = [
    webhook(),
    ...Array.from({ length: 2_000 }, (_, n) => webhook({ id: `x${n}`, company_id: `c${n}` })),
  ];
  const { changes, notes } = explain(history({ attempts, webhooks }));
  expect(changes).toHaveLength(20);
  expect(notes.join(' ')).toContain('Only the newest 20');
  expect(changes[0]).toMatchObject({
    omitted: 1_950,
    decisions: expect.arrayContaining([expect.objectContaining({ reason: 'delivered' })]) as object,
  });
});

test('every reason was seen above, and docs/why.md explains it', () => {
  const page = readFileSync(new URL('../../docs/why.md', import.meta.url), 'utf8');
  const told = [...page.matchAll(/^\| `([a-z ]+)` \|/gm)].map(([, reason]) => reason);
  expect(told.sort()).toEqual([...seen].sort());
});
