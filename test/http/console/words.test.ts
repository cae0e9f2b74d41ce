import { describe, expect, test } from 'vitest';
import { hrefOf, parseAddress } from '../../../src/http/console/words/places.ts';
import { amount, exact, rate, size } from '../../../src/http/console/words/amounts.ts';
import { attentionOf, type Attended } from '../../../src/http/console/words/attention.ts';
import { differenceOf, indented } from '../../../src/http/console/words/difference.ts';
import {
  failureOf,
  failureOfDelivery,
  mayBeUnderWay,
  type Ended,
} from '../../../src/http/console/words/failures.ts';
import { summaryOfService, summaryOfWebhooks } from '../../../src/http/console/words/summary.ts';
import { claimedScope, isToken, scopeOf } from '../../../src/http/console/words/tokens.ts';
import { enableSql } from '../../../src/http/console/words/statements.ts';
import {
  ago,
  clockTime,
  duration,
  inputTime,
  momentOf,
  utcTime,
} from '../../../src/http/console/words/times.ts';

const now = new Date('2026-03-01T12:00:00Z');
const zone = 'Europe/Berlin';

function webhook(changed: Partial<Attended>): Attended {
  return {
    ...{
      health: 'failing',
      url: 'https://api.example.com/hook?token=secret',
      lastError: 'rejected 503 busy',
    },
    ...{
      lastErrorAt: '2026-03-01T11:59:00Z',
      lastSuccessAt: '2026-03-01T09:00:00Z',
      missedCount: 0,
      errorCount: 50,
    },
    ...{ backlogCount: 0, backlogSince: null, breakerSince: null, breakerProbeAt: null, pauseReason: null },
    breaker: null,
    ...{ createdAt: '2026-01-31T11:00:00Z', updatedAt: '2026-02-28T11:00:00Z', table: 'item' },
    activity: {
      since: '2026-03-01T08:00:00Z',
      lastHour: { delivered: [3, 66, 1] },
      failuresInRow: 47,
      failingSince: '2026-03-01T09:12:00Z',
      lastFailureMs: 120,
    },
    ...changed,
  };
}

describe('one sentence says what is wrong with a webhook', () => {
  test.each<[string, Partial<Attended>, string | null]>([
    ['failing', {}, '47 failures since 10:12:00, for 3 h. Last: 503 from api.example.com after 120 ms.'],
    [
      'failing, as a standby sees it',
      { activity: null },
      'No success since 10:00:00; 50 failed in all, the last at 12:59:00. Last: 503 from api.example.com.',
    ],
    [
      'never well',
      { activity: null, lastSuccessAt: null, lastError: 'refused ECONNREFUSED' },
      'No success since it was created at 31 Jan 12:00:00; 50 failed in all, the last at 12:59:00. Last: the connection was refused at api.example.com.',
    ],
    [
      'failing, and changed after it failed last, maybe to another URL',
      { updatedAt: '2026-03-01T11:59:30Z' },
      '47 failures since 10:12:00, for 3 h. Last: 503 after 120 ms.',
    ],
    [
      'paused',
      { health: 'paused', pauseReason: 'moving.', missedCount: 3 },
      'Paused: moving. 3 changes missed so far. Changed last at 28 Feb 12:00:00.',
    ],
    [
      'catching up',
      { health: 'catching up', backlogCount: 1, backlogSince: '2026-03-01T11:00:00Z' },
      '1 delivery waits to be sent, the oldest since 12:00:00, for 60 min. 66 went out in the last full minute.',
    ],
    [
      'not sent to, by its breaker',
      {
        ...{ health: 'breaker open', breaker: 'wait', breakerSince: '2026-03-01T11:55:00Z' },
        breakerProbeAt: '2026-03-01T12:00:16Z',
      },
      'Its breaker is open since 12:55:00, for 5 min, after many failures in a row: what comes waits. The next try is in 16 s. Last: 503 from api.example.com after 120 ms.',
    ],
    [
      'table disabled',
      { health: 'table disabled' },
      'Nothing is sent, now or later: the table item is not enabled any more.',
    ],
    ['well', { health: 'ok' }, null],
  ])('%s', (_, changed, text) => {
    expect(attentionOf(webhook(changed), now, zone)?.text ?? null).toBe(text);
  });

  test('of a process that began among the failures does not say that they began with it', () => {
    const activity = { lastHour: { delivered: [] }, failuresInRow: 5, lastFailureMs: 10 };
    const began = { ...activity, since: '2026-03-01T11:00:00Z', failingSince: '2026-03-01T11:01:00Z' };
    const text = (changed: Partial<Attended>) =>
      attentionOf(webhook({ activity: began, ...changed }), now, zone)?.text;
    expect(text({})).toContain('No success since 10:00:00; 50 failed in all');
    expect(text({ lastSuccessAt: '2026-03-01T11:00:30Z' })).toContain('5 failures since 12:01:00');
    expect(text({ lastSuccessAt: null, createdAt: '2026-03-01T11:00:10Z' })).toContain('5 failures since');
  });

  test('and what to do next is to try, once it was changed', () => {
    const changed = attentionOf(webhook({ updatedAt: '2026-03-01T11:59:30Z' }), now, zone);
    expect(changed?.advice).toBe(
      'It was changed at 12:59:30, and nothing was sent since: send a test to see whether that helped.',
    );
  });

  test('of one that was interrupted does not say how long another one took', () => {
    const lastError = 'interrupted: the service ended before the outcome was known';
    const found = attentionOf(webhook({ lastError }), now, zone);
    expect(found?.text).toMatch(/Last: interrupted: whether it arrived is not known at api.example.com\.$/);
    expect(found?.advice).toBe(failureOf('interrupted').advice);
  });

  test('and never what is secret of its URL', () => {
    for (const health of ['failing', 'breaker open', 'paused', 'catching up', 'table disabled'])
      expect(JSON.stringify(attentionOf(webhook({ health }), now, zone))).not.toContain('secret');
  });
});

test.each([
  'dns',
  'refused',
  'tls',
  'timeout',
  'reset',
  'blocked_address',
  'too_large',
  'protocol',
  'interrupted',
])('the class %s has words and advice of its own', (kind) => {
  const failure = failureOf(`${kind} in the words of the service`);
  expect(failure.kind).toBe(kind);
  expect([failure.what, failure.advice]).not.toContain(failureOf('unheard-of thing').advice);
});

test('failures of one kind belong together, whatever they said', () => {
  const of = (status: number) => failureOfDelivery(ended({ outcome: 'rejected', status }), now)?.kind;
  expect([of(503), of(404), failureOf('rejected 503 busy').kind]).toEqual([
    'rejected 503',
    'rejected 404',
    'rejected 503',
  ]);
  expect(failureOfDelivery(ended({ outcome: 'dropped', class: 'breaker_open' }), now)?.kind).toBe(
    'dropped breaker_open',
  );
  expect(failureOfDelivery(ended({ outcome: 'delivered', status: 204 }), now)).toBeNull();
});

describe('what is sent again and has no outcome', () => {
  const again = { outcome: 'interrupted', resendOf: 'the first' };

  test('may be under way while it is young, and is not known afterwards', () => {
    const young = ended({ ...again, at: '2026-03-01T11:59:01Z' });
    const old = ended({ ...again, at: '2026-03-01T11:59:00Z' });
    expect([young, old].map((row) => mayBeUnderWay(row, now))).toEqual([true, false]);
    expect([young, old].map((row) => failureOfDelivery(row, now)?.what)).toEqual([
      'being sent again at this moment, or its outcome was not written down',
      'its outcome was not written down: whether it arrived is not known',
    ]);
  });

  test('is never said to stand among the losses, for no resend does', () => {
    for (const at of ['2026-03-01T11:59:59Z', '2026-03-01T09:00:00Z'])
      expect(failureOfDelivery(ended({ ...again, at }), now)?.advice).not.toContain('losses');
    expect(failureOfDelivery(ended({ outcome: 'interrupted' }), now)?.advice).toContain('losses');
  });
});

function ended(changed: Partial<Ended>): Ended {
  return {
    ...{ at: '2026-03-01T11:59:59Z', resendOf: null, outcome: 'failed', class: null, status: null },
    ...changed,
  };
}

describe('a payload field by field', () => {
  test('has what changed first, with every digit', () => {
    const record = '{"id":"so1","total":10.50,"big":9007199254740993,"note":null}';
    const old = '{"id":"so1","total":9.00,"big":9007199254740993,"note":"x"}';
    const difference = differenceOf(
      `{"type":"UPDATE","table":"t","companyId":"a","record":${record},"old":${old}}`,
    );
    expect(difference?.fields).toEqual([
      { name: 'total', before: '9.00', after: '10.50', change: 'changed' },
      { name: 'note', before: '"x"', after: 'null', change: 'changed' },
      { name: 'id', before: '"so1"', after: '"so1"', change: 'same' },
      { name: 'big', before: '9007199254740993', after: '9007199254740993', change: 'same' },
    ]);
  });

  test('of an INSERT has no before, of a DELETE no after', () => {
    expect(differenceOf('{"type":"INSERT","record":{"id":1}}')).toMatchObject({
      fields: [{ name: 'id', before: null, after: '1', change: 'changed' }],
      sides: ['after'],
      old: 'all',
    });
    expect(differenceOf('{"type":"DELETE","record":{"id":1},"old":{"id":1}}')).toMatchObject({
      fields: [{ name: 'id', before: '1', after: null, change: 'changed' }],
      sides: ['before'],
      old: 'all',
    });
  });

  describe('of an UPDATE of a table without full identity', () => {
    const changesOf = (body: string) => {
      const { fields = [], ...others } = differenceOf(body) ?? {};
      return { ...others, changes: Object.fromEntries(fields.map(({ name, change }) => [name, change])) };
    };

    test('says of no field that it changed while there is no old row', () => {
      const record = '{"id":1,"title":"Lease 2026","body":null}';
      expect(changesOf(`{"type":"UPDATE","record":${record},"old":null}`)).toEqual({
        changes: { id: 'not known', title: 'not known', body: 'not known' },
        sides: ['before', 'after'],
        unchanged: [],
        old: 'nothing',
      });
    });

    test('knows only of the key whether it changed', () => {
      const body = `{"type":"UPDATE","record":{"companyId":"acme","id":2,"title":"Lease"},"old":{"companyId":"acme","id":1},"unchanged":["body"],"partial":true}`;
      expect(changesOf(body)).toEqual({
        changes: { id: 'changed', title: 'not known', companyId: 'same' },
        sides: ['before', 'after'],
        unchanged: ['body'],
        old: 'key',
      });
    });

    test('does not take a large key that is left out of the record for one that is gone', () => {
      const body = `{"type":"UPDATE","record":{"n":2},"old":{"key":"long"},"unchanged":["key"],"partial":true}`;
      expect(changesOf(body).changes).toEqual({ n: 'not known', key: 'same' });
    });
  });

  test.each(['no json', '3', '[]', '{"type":"TRUNCATE","record":null}'])('is none of %s', (body) => {
    expect(differenceOf(body)).toBeNull();
  });

  test('is indented without losing a digit, and left alone where it is no JSON', () => {
    expect(indented('{"a":[1.10,{}],"b":[]}')).toBe('{\n  "a": [\n    1.10,\n    {}\n  ],\n  "b": []\n}');
    expect(indented('busy')).toBe('busy');
  });
});

test('the statement that enables a table quotes what is typed', () => {
  const sql = enableSql({ relation: `o'brien`, companyColumn: '', module: '', label: `it's` });
  expect(sql).toBe(
    `select * from rowhook.inspect_table('o''brien', null);\nselect * from rowhook.enable_table('o''brien', company_column => null, label => 'it''s');`,
  );
});

test('times are local and UTC, and how long ago', () => {
  const at = new Date('2026-02-28T23:30:00Z');
  expect(clockTime(at, now, zone)).toBe('00:30:00');
  expect(clockTime(at, now, 'UTC')).toBe('28 Feb 23:30:00 UTC');
  expect(utcTime(at)).toBe('2026-02-28 23:30:00 UTC');
  expect([ago(now, now), ago(at, now), ago(new Date(now.getTime() + 120_000), now)]).toEqual([
    'just now',
    '13 h ago',
    'in 2 min',
  ]);
  // The clocks of a browser and a server differ by seconds.
  expect(ago(new Date(now.getTime() + 3_000), now)).toBe('just now');
  expect([duration(0.234), duration(120.4), duration(2_540), duration(600_000)]).toEqual([
    '0.2 ms',
    '120 ms',
    '2.5 s',
    '10 min',
  ]);
});

test.each([undefined, 'UTC'])(
  'a field for a moment means the moment that it was filled with, in %s',
  (of) => {
    const at = new Date('2026-02-28T23:30:00Z');
    expect(momentOf(inputTime(at, of), of)).toEqual(at);
    expect(inputTime(at, 'UTC')).toBe('2026-02-28T23:30');
    expect(momentOf('', of)).toBeNull();
  },
);

test('the year is left out when it is this one where the reader is', () => {
  const newYear = new Date('2026-01-01T00:30:00Z');
  const [yesterday, earlier] = [new Date('2025-12-31T22:30:00Z'), new Date('2025-12-30T12:00:00Z')];
  expect(clockTime(yesterday, newYear, 'UTC')).toBe('31 Dec 2025 22:30:00 UTC');
  expect(clockTime(yesterday, newYear, 'America/New_York')).toBe('17:30:00');
  expect(clockTime(earlier, newYear, 'America/New_York')).toBe('30 Dec 07:00:00');
});

test('amounts are read at a glance', () => {
  expect([amount(1_234), amount(1_234_567), exact(1_234_567), rate(0.14), rate(1_400)]).toEqual([
    '1,234',
    '1.2M',
    '1,234,567',
    '0.1/s',
    '1,400/s',
  ]);
  expect([size(512), size(1_536), size(4 * 1024 ** 3)]).toEqual(['512 B', '1.5 kB', '4 GB']);
});

test.each([
  ['#/', [], {}],
  ['#/webhooks?search=a%26b', ['webhooks'], { search: 'a&b' }],
  ['#/why?table=item&key=%28so1%2C3%29', ['why'], { table: 'item', key: '(so1,3)' }],
  ['#/deliveries/a%2Fb', ['deliveries', 'a/b'], {}],
])('the address %s is read as it was written', (hash, path, params) => {
  const read = parseAddress(hash);
  expect([read.path, Object.fromEntries(read.params)]).toEqual([path, params]);
  expect(hrefOf(path, params)).toBe(hash);
});

describe('the overview in a line', () => {
  test.each<[Record<string, number>, string]>([
    [{}, 'There is no webhook yet.'],
    [{ ok: 1 }, 'The only webhook does not fail.'],
    [{ ok: 7, idle: 3 }, 'None of the 10 webhooks fails.'],
    [{ ok: 7, failing: 1 }, '1 webhook fails.'],
    [
      { ok: 7, failing: 2, 'breaker open': 1, paused: 3 },
      '2 webhooks fail, 1 is held by its breaker, 3 are paused.',
    ],
  ])('of %j', (counts, line) => {
    const healths = Object.entries(counts).map(([health, count]) => ({ health, count }));
    expect(summaryOfWebhooks(healths)).toBe(line);
  });

  test('says of the service what is worst', () => {
    const well = { failing: 0, warning: 0, lagMs: 3 };
    expect(summaryOfService(well)).toBe('The service itself is well.');
    expect(summaryOfService({ ...well, lagMs: null })).toBe('The service itself is well.');
    expect(summaryOfService({ ...well, warning: 1 })).toBe('The service itself works; 1 check warns.');
    expect(summaryOfService({ ...well, warning: 1, lagMs: 90_000 })).toContain('changes that are 90 s old');
    expect(summaryOfService({ failing: 2, warning: 1, lagMs: 90_000 })).toContain('2 checks fail');
  });
});

test('what has a quote, a space or a line break in it is no token', () => {
  expect([isToken('eyJhbGciOi.J9-_x'), isToken('s3cret+/=')]).toEqual([true, true]);
  expect(['“eyJ”', 'a b', 'a\n', ''].map(isToken)).toEqual([false, false, false, false]);
});

test('whose a token is can be told before it is tried', () => {
  const jwt = (claims: object): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
  expect(claimedScope(jwt({ companyId: 'Größe & Söhne' }))).toBe(
    scopeOf({ kind: 'company', companyId: 'Größe & Söhne' }),
  );
  const operator = scopeOf({ kind: 'operator', companyId: null });
  for (const token of [null, 'operators+token/==', 'a.b.c', jwt({}), jwt({ companyId: 7 })])
    expect(claimedScope(token)).toBe(operator);
});
