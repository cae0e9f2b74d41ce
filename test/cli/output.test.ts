import { expect, test } from 'vitest';
import { formatBytes, formatChecks, formatTable } from '../../src/cli/output.ts';

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
  [999, '999 bytes'],
  [1500, '1.5 kB'],
  [250_000_000, '250 MB'],
  [3_200_000_000_000_000, '3200 TB'],
])('%d bytes read as %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});
