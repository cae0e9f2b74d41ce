// Nothing larger than a payload may be is built, whatever it would be made of.
import { expect, test } from 'vitest';
import { maxPayloadBytes } from '../../src/limits.ts';
import { composite } from '../../src/payload/encode-composite.ts';
import { PayloadTooLarge } from '../../src/payload/payload-too-large.ts';
import { compileShape } from '../../src/payload/payload.ts';
import type { Row } from '../../src/payload/row.ts';
import { buildWithinLimit, filledRows, type BuiltPayload } from '../../src/payload/too-large.ts';
import { TypeCatalog } from '../../src/payload/type-catalog.ts';

const oids = { text: 25, float8s: 1022, jsons: 199 };

function built(typeOid: number, values: Row, old?: Row): BuiltPayload {
  const columns = values.map((_, index) => ({ name: `c${index}`, typeOid }));
  const shape = compileShape(columns, new TypeCatalog());
  const messageBytes = [...values, ...(old ?? [])].reduce((sum, value) => sum + (value?.length ?? 0), 0);
  const input = { type: 'UPDATE', table: 't', companyId: null, isPartial: false } as const;
  return buildWithinLimit({ ...input, shape, record: values, old, messageBytes });
}

const emptyPayload = '{"type":"UPDATE","table":"t","companyId":null,"record":{"c0":""}}';
const fitting = maxPayloadBytes - emptyPayload.length;

test('a payload may be exactly as large as the limit', () => {
  expect(built(oids.text, ['x'.repeat(fitting)])).toMatchObject({ bytes: maxPayloadBytes });
  expect(built(oids.text, ['x'.repeat(fitting + 1)])).toEqual({ tooLargeBytes: maxPayloadBytes + 1 });
});

test('bytes are counted, not characters', () => {
  expect(built(oids.text, ['ß'.repeat(fitting / 2 + 1)])).toEqual({ tooLargeBytes: maxPayloadBytes + 1 });
});

test('both rows count', () => {
  const half = 'x'.repeat(maxPayloadBytes / 2);
  expect(built(oids.text, [half], ['before'])).toHaveProperty('body');
  expect(built(oids.text, [half], [half])).toEqual({ tooLargeBytes: expect.any(Number) as unknown });
});

test.each([
  ['control characters', oids.text, '\u0001'.repeat(4_000_000)],
  ['floats with exponents', oids.float8s, `{${'1e+308,'.repeat(2_000_000)}1}`],
  [
    'documents of which each grows by a little less than a megabyte',
    oids.jsons,
    `{${'"[1e99999]",'.repeat(9_000)}1}`,
  ],
])('%s that would grow to hundreds of megabytes are given up on the way', (_name, typeOid, text) => {
  const outcome = built(typeOid, [text]);
  expect(outcome).toEqual({ tooLargeBytes: expect.any(Number) as unknown });
  expect('tooLargeBytes' in outcome && outcome.tooLargeBytes).toBeLessThan(2 * maxPayloadBytes);
});

test('a composite whose parts together would grow so far is given up, too', () => {
  const part = { name: '"p"', encode: () => 'x'.repeat(10_000_000) };
  const parts = Array<typeof part>(100).fill(part);
  const encode = composite(() => ({ attributes: parts, isProven: true }));
  expect(() => encode(`(${'1,'.repeat(99)}1)`)).toThrow(PayloadTooLarge);
});

const none = new Map<number, number>();
const huge = 300_000_000;

test('a value that is too large is lacking, and never replaced by the one before it', () => {
  const row = { isOldPartial: false, bytes: 100 };
  const old = [undefined, 'acme', undefined, 'before'];
  const omitted = {
    old: new Map([
      [0, huge],
      [2, huge],
    ]),
    record: new Map([
      [2, 17_000_000],
      [3, huge],
    ]),
  };
  const record = [undefined, undefined, undefined, undefined];
  expect(filledRows({ ...row, record, old, omitted })).toEqual({
    record: [undefined, 'acme', undefined, undefined],
    old,
    omitted: { old: omitted.old, record: new Map([[0, huge], ...omitted.record]) },
  });
});

test('what a row lacks for its size counts, also where the rest is small', () => {
  const shape = compileShape([{ name: 'doc', typeOid: oids.text }], new TypeCatalog());
  const input = { table: 't', companyId: null, isPartial: false, messageBytes: 50, shape };
  const omitted = { record: new Map([[0, huge]]), old: none };
  const lacking = buildWithinLimit({
    ...input,
    type: 'INSERT',
    record: [undefined],
    old: undefined,
    omitted,
  });
  expect(lacking).toEqual({ tooLargeBytes: huge });
  const whole = { omitted: { record: none, old: none }, record: ['small'], old: undefined };
  expect(buildWithinLimit({ ...input, type: 'INSERT', ...whole })).toHaveProperty('body');
});
