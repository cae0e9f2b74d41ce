import { expect, test } from 'vitest';
import { attentionOf } from '../../../src/http/console/words/attention.ts';
import { isolated } from '../../../src/http/console/words/isolate.ts';

test.each([
  ['what turns nothing stays as it is', 'Orders to Zürich, “新宿”', 'Orders to Zürich, “新宿”'],
  ['what turns the direction ends with itself', 'orders \u202e', '\u2068orders \u202e\u2069'],
  ['so does what is written from right to left', 'הזמנות', '\u2068הזמנות\u2069'],
  ['what closes more than it opened cannot leave', 'a\u2069\u202eb', '\u2068a\u202eb\u2069'],
  ['what opens and does not close is closed', '\u2067a', '\u2068\u2067a\u2069\u2069'],
  ['what is whole stays whole', '\u2067a\u2069b', '\u2068\u2067a\u2069b\u2069'],
])('%s', (_, text, expected) => {
  expect(isolated(text)).toBe(expected);
});

test('a reason does not turn the sentence that it stands in', () => {
  const at = '2026-03-01T11:00:00Z';
  const none = { lastError: null, lastErrorAt: null, lastSuccessAt: null, activity: null };
  const counts = { missedCount: 0, errorCount: 0, backlogCount: 0 };
  const times = {
    backlogSince: null,
    breakerSince: null,
    breakerProbeAt: null,
    createdAt: at,
    updatedAt: at,
    breaker: null,
  };
  const paused = {
    health: 'paused',
    url: 'https://example.com/',
    table: 'item',
    pauseReason: 'moving\u202e',
  };
  const sentence = attentionOf({ ...none, ...counts, ...times, ...paused }, new Date(at), 'UTC');
  expect(sentence?.text).toBe('Paused: \u2068moving\u202e\u2069. Changed last at 11:00:00 UTC.');
});
