import { expect, test } from 'vitest';
import { formatBytes, type Check } from '../../src/checks/check.ts';
import { formatChecks, formatGroups, formatTable } from '../../src/cli/output.ts';

test('columns are as wide as their widest value, and the last one ends the line', () => {
  const table = formatTable(
    ['ID', 'NAME'],
    [
      ['wh_1', 'orders'],
      ['w', 'größe'],
    ],
  );
  expect(table.split('\n')).toEqual(['ID    NAME', 'wh_1  orders', 'w     größe']);
});

test('what the database holds cannot steer the terminal', () => {
  expect(formatTable(['NAME'], [['red \u001b[31m\r\nnew']])).toBe('NAME\nred \uFFFD[31m\uFFFD\uFFFDnew');
});

test('a remedy stands below a check that is not ok, line by line', () => {
  const text = formatChecks([
    { check: 'a', status: 'ok', detail: 'fine', remedy: 'unused' },
    { check: 'bcd', status: 'fail', detail: 'broken', remedy: 'one\ntwo' },
  ]);
  expect(text.split('\n')).toEqual([
    'ok    a    fine',
    'fail  bcd  broken',
    '           → one',
    '           → two',
  ]);
});

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1536, '1.5 kB'],
  [4 * 1024 ** 3, '4.0 GB'],
  [250 * 1024 ** 2, '250 MB'],
  [3200 * 1024 ** 4, '3200 TB'],
])('%d bytes read as %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});

const groups = [
  { title: 'server', checks: [{ check: 'wal_level', status: 'ok', detail: 'logical', remedy: null }] },
  {
    title: 'slot',
    checks: [
      {
        check: 'slot',
        status: 'warn',
        detail: 'one two three four five',
        remedy: 'do this; do that; and then the other',
      },
    ],
  },
] as const satisfies readonly { readonly title: string; readonly checks: readonly Check[] }[];

test('groups have a heading each, and the last line counts what is not ok', () => {
  expect(formatGroups(groups, undefined).split('\n')).toEqual([
    'server',
    'ok    wal_level  logical',
    '',
    'slot',
    'warn  slot       one two three four five',
    '                 → do this; do that; and then the other',
    '',
    '1 warn, 1 ok',
  ]);
});

test('in a narrow terminal details are broken between words, and a remedy never', () => {
  expect(formatGroups(groups, 24).split('\n').slice(4)).toEqual([
    'warn  slot: one two',
    '      three four five',
    '      → do this; do that; and then the other',
    '',
    '1 warn, 1 ok',
  ]);
});
