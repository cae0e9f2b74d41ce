/** What the demo shows on the terminal, and the receiver that it is taken from. */
import { expect, test } from 'vitest';
import { createDeliveryLines } from '../../src/cli/demo/delivery-lines.ts';
import type { ShownAttempt } from '../../src/cli/demo/delivery-lines.ts';
import { indentJson } from '../../src/cli/demo/indent-json.ts';
import { startReceiver } from '../../src/cli/demo/receiver.ts';
import { http } from '../support/http.ts';

const payload =
  '{"type":"INSERT","table":"salesOrder","companyId":"company-a","record":{"id":"x1","readableId":"SO-000123","total":12.50,"tags":[]}}';

const attempt: ShownAttempt = {
  webhookName: 'Orders to the warehouse',
  companyId: 'company-a',
  type: 'INSERT',
  table: 'salesOrder',
  outcome: { kind: 'delivered', status: 200 },
  durationMs: 4.2,
  bytes: payload.length,
};

function show(attempts: readonly ShownAttempt[], body: string | undefined): string[] {
  const lines: string[] = [];
  const showDelivery = createDeliveryLines({
    companies: new Map([['company-a', 'Company A']]),
    takePayload: () => body,
    write: (line) => lines.push(line),
    paint: (_style, text) => text,
    now: () => new Date(2030, 0, 31, 12, 1, 7),
  });
  for (const each of attempts) showDelivery(each);
  return lines;
}

test('shows time, company, operation, table, number, webhook and answer in one line', () => {
  expect(show([attempt], payload)[0]).toBe(
    '12:01:07  Company A   INSERT  salesOrder       SO-000123    → "Orders to the warehouse"  200 in 4 ms',
  );
});

test('shows the first payload as a whole, and only the first', () => {
  const [, whole, ...more] = show([attempt, attempt, attempt], payload);

  expect(whole).toContain('"readableId": "SO-000123"');
  expect(whole).toContain('"total": 12.50');
  expect(more).toHaveLength(2);
});

test('names the company of the row where the webhook is for all companies', () => {
  expect(show([{ ...attempt, companyId: null }], payload)[0]).toContain('  Company A   INSERT');
});

test.each([
  [{ companyId: 'company-z' }, 'company-z'],
  [{ companyId: null }, 'no company'],
])('shows what it knows when the payload went elsewhere: %o', (company, shown) => {
  const outcome = { kind: 'failed', class: 'timeout', detail: 'after 10000 ms' } as const;

  const lines = show([{ ...attempt, ...company, outcome, durationMs: 10_000 }], undefined);

  expect(lines).toEqual([
    `12:01:07  ${shown.padEnd(10)}  INSERT  salesOrder                    → "Orders to the warehouse"  timeout after 10000 ms in 10000 ms`,
  ]);
});

test('indents JSON with every digit, and cuts long strings with their length', () => {
  const text = `{"a":1.500,"b":9007199254740993,"c":-0,"d":1e400,"e":[],"f":"1.50","long":"${'x'.repeat(5000)}"}`;

  const indented = indentJson(text);

  expect(indented.split('\n').slice(0, 7)).toEqual([
    '{',
    '  "a": 1.500,',
    '  "b": 9007199254740993,',
    '  "c": -0,',
    '  "d": 1e400,',
    '  "e": [],',
    '  "f": "1.50",',
  ]);
  expect(indented).toMatch(/"x{160}… \(5000 characters\)"\n\}$/);
});

test('answers 200 and hands each payload out once, to the attempt that it belongs to', async () => {
  await using receiver = await startReceiver(0);
  const shorter = '{"type":"DELETE","table":"job"}';
  for (const body of [payload, shorter]) {
    const answer = await http.post(`${receiver.url}/company-a/orders`, { body });
    expect(answer.statusCode).toBe(200);
  }
  const key = { type: 'INSERT', table: 'salesOrder', bytes: payload.length };

  expect(receiver.take({ ...key, bytes: 1 })).toBeUndefined();
  expect(receiver.take(key)).toBe(payload);
  expect(receiver.take(key)).toBeUndefined();
});

test('refuses what is no payload', async () => {
  await using receiver = await startReceiver(0);

  const answer = await http.post(receiver.url, { body: 'hello' });

  expect(answer.statusCode).toBe(400);
});

test('takes another port when the wanted one is busy', async () => {
  await using first = await startReceiver(0);

  await using second = await startReceiver(Number(new URL(first.url).port));

  expect(second.url).not.toBe(first.url);
});
