import { describe, expect, test } from 'vitest';
import {
  askedFor,
  sentInWords,
  wouldSend,
  type Asking,
  type TableHour,
  type Triggers,
} from '../../../src/http/console/words/last-hour.ts';

const now = new Date('2026-03-01T12:00:00Z');
const zone = 'Europe/Berlin';
const every: Triggers = { onInsert: true, onUpdate: true, onDelete: true, onTruncate: false };
const since = '2026-03-01T11:40:00.000Z';
const whole = (count: number): { readonly count: number; readonly since: string | null } => ({
  count,
  since: null,
});

function hour(changed: Partial<TableHour> = {}): TableHour {
  const counts = { inserts: whole(120), updates: whole(94), deletes: whole(0), truncates: whole(1) };
  return { isLeading: true, lagMs: 12, ...counts, ...changed };
}

describe('what a webhook that is not saved yet would have sent', () => {
  test.each<[string, Partial<Triggers>, Partial<TableHour>, string | null]>([
    ['an hour', {}, {}, 'In the last hour that would have been 214 POSTs: 120 inserts, 94 updates.'],
    [
      'some operations',
      { onInsert: false, onTruncate: true },
      {},
      'In the last hour that would have been 95 POSTs: 94 updates, 1 truncate.',
    ],
    [
      'a single one',
      { onUpdate: false },
      { inserts: whole(1) },
      'In the last hour that would have been 1 POST: 1 insert.',
    ],
    ['nothing', { onInsert: false, onUpdate: false }, {}, 'In the last hour that would have been no POST.'],
    ['no operation', { onInsert: false, onUpdate: false, onDelete: false }, {}, null],
    [
      'less than an hour',
      { onDelete: false },
      { inserts: { count: 3, since }, updates: { count: 2, since } },
      'Since 12:40:00, as far back as it is counted, that would have been 5 POSTs: 3 inserts, 2 updates.',
    ],
    [
      'some of it from later on',
      {},
      { deletes: { count: 2, since } },
      'In the last hour that would have been 216 POSTs: 120 inserts, 94 updates, 2 deletes (since 12:40:00).',
    ],
    [
      'what nobody asks for yet',
      {},
      { deletes: null },
      'In the last hour that would have been 214 POSTs: 120 inserts, 94 updates. Of deletes it is not known yet.',
    ],
    [
      'a table that nobody watches',
      {},
      { inserts: null, updates: null, deletes: null },
      'How many POSTs that would be is not known yet.',
    ],
    [
      'a service that is behind',
      {},
      { lagMs: 14 * 60_000 },
      'In the last hour that would have been 214 POSTs: 120 inserts, 94 updates. What was committed in the last 14 min is not read yet.',
    ],
    [
      'a standby',
      {},
      { isLeading: false },
      'How many POSTs that would be is not known here: this process does not lead.',
    ],
  ])('%s', (_, triggers, of, sentence) => {
    expect(wouldSend({ ...every, ...triggers }, hour(of), now, zone)).toBe(sentence);
  });
});

describe('what was committed that a webhook asks for', () => {
  const asks = 'In the last hour 214 changes were committed that it asks for: 120 inserts, 94 updates.';
  test.each<[string, Partial<Asking>, Partial<TableHour>, string | null]>([
    ['an active one', {}, {}, asks],
    ['a paused one', { active: false }, {}, `${asks} It is paused: what is committed meanwhile is not sent.`],
    [
      'a new one',
      { createdAt: since },
      {},
      `${asks} It was created at 12:40:00: of what was committed before it is not told.`,
    ],
    [
      'nothing',
      {},
      { inserts: whole(0), updates: whole(0) },
      'In the last hour nothing was committed that it asks for.',
    ],
    [
      'after a restart',
      { onUpdate: false, onDelete: false },
      { inserts: { count: 1, since } },
      'Since 12:40:00, as far back as it is counted, 1 change was committed that it asks for: 1 insert.',
    ],
    [
      'a new one, of whose time alone is known',
      { onUpdate: false, onDelete: false, createdAt: '2026-03-01T11:39:00Z' },
      { inserts: { count: 0, since } },
      'Since 12:40:00, as far back as it is counted, nothing was committed that it asks for.',
    ],
    [
      'a table that is not read',
      {},
      { inserts: null, updates: null, deletes: null },
      'How many changes it asks for is not known.',
    ],
    ['a standby', {}, { isLeading: false }, null],
  ])('%s', (_, webhook, of, sentence) => {
    const asking = { ...every, active: true, createdAt: '2026-03-01T10:00:00Z', ...webhook };
    expect(askedFor(asking, hour(of), now, zone)).toBe(sentence);
  });
});

describe('what came of its deliveries', () => {
  test.each<[string | null, number[], number[], string]>([
    [null, [1, 2], [0, 1], '3 deliveries arrived and 1 failed in the last hour.'],
    [null, [0], [0], 'Nothing was sent in the last hour.'],
    [
      since,
      [1],
      [0],
      '1 delivery arrived and 0 failed since 12:40:00, when this process began to lead: it knows nothing of what was sent before.',
    ],
    [
      since,
      [0],
      [0],
      'Nothing was sent since 12:40:00, when this process began to lead: it knows nothing of what was sent before.',
    ],
  ])('since %s', (from, delivered, failed, sentence) => {
    const sent = { since: from, lastHour: { delivered, failed } };
    expect(sentInWords(sent, now, { zone, isResent: false })).toBe(sentence);
  });

  test.each<[string | null, string]>([
    [null, 'Nothing was sent in the last hour, besides what was sent again.'],
    [
      since,
      'Nothing was sent since 12:40:00, when this process began to lead, besides what was sent again: it knows nothing of what was sent before.',
    ],
  ])('since %s, and what was sent again is not counted', (from, sentence) => {
    const sent = { since: from, lastHour: { delivered: [0], failed: [0] } };
    expect(sentInWords(sent, now, { zone, isResent: true })).toBe(sentence);
  });
});
