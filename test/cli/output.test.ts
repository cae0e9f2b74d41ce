import { expect, test } from 'vitest';
import { formatBytes, type Check } from '../../src/checks/check.ts';
import { formatChecks, formatGroups, formatTable, type TableColumn } from '../../src/cli/output.ts';

const pipe = { columns: undefined, hasColors: false };
const columns: readonly TableColumn<readonly [string, string]>[] = [
  { heading: 'ID', value: ([id]) => id },
  {
    heading: 'NAME',
    value: ([, name]) => name,
    isFlexible: true,
    toneOf: ([, name]) => (name === 'bad' ? 'bad' : undefined),
  },
];

test('columns are as wide as their widest value, and the last one ends the line', () => {
  const table = formatTable(
    columns,
    [
      ['wh_1', 'orders'],
      ['w', 'größe'],
    ],
    pipe,
  );
  expect(table.split('\n')).toEqual(['ID    NAME', 'wh_1  orders', 'w     größe']);
});

test('what the database holds cannot steer the terminal', () => {
  expect(formatTable(columns, [['w', 'red \u001b[31m\r\nnew']], pipe)).toBe(
    'ID  NAME\nw   red \uFFFD[31m\uFFFD\uFFFDnew',
  );
});

test('a remedy stands below a check that is not ok, line by line', () => {
  const text = formatChecks(
    [
      { check: 'a', status: 'ok', detail: 'fine', remedy: 'unused' },
      { check: 'bcd', status: 'fail', detail: 'broken', remedy: 'one\ntwo' },
    ],
    pipe,
  );
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
  expect(formatGroups(groups, pipe).split('\n')).toEqual([
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
  expect(formatGroups(groups, { columns: 24, hasColors: false }).split('\n').slice(4)).toEqual([
    'warn  slot: one two',
    '      three four five',
    '      → do this; do that; and then the other',
    '',
    '1 warn, 1 ok',
  ]);
});

test('free text is cut off where the terminal is too narrow, and in a pipe never', () => {
  const rows = [['wh_1234', 'a name that is long'] as const];
  const at = (width: number | undefined): string[] =>
    formatTable(columns, rows, { columns: width, hasColors: false }).split('\n');
  expect(at(undefined)).toEqual(['ID       NAME', 'wh_1234  a name that is long']);
  expect(at(28)).toEqual(['ID       NAME', 'wh_1234  a name that is long']);
  expect(at(24)).toEqual(['ID       NAME', 'wh_1234  a name that is…']);
  expect(at(12)).toEqual(['ID …', 'wh_1234 …']);
});

test.each([5, 20, 40, 80, 200])('no line of a table is wider than a terminal of %d columns', (width) => {
  const many = Array.from({ length: 9 }, (_, index): TableColumn<string> => ({
    heading: `COLUMN ${index}`,
    value: (text) => text.slice(0, index * 4),
    isFlexible: index % 3 === 0,
  }));
  const rows = ['größe and more of it, until it is long enough for all', 'x'];
  const lines = formatTable(many, rows, { columns: width, hasColors: false }).split('\n');
  const widths = lines.map((line) => [...line].length);
  expect(Math.max(...widths)).toBeLessThanOrEqual(Math.max(width, 'COLUMN 0'.length + 2));
});

test('colours are for status words on a terminal that has them, and take no room', () => {
  const rows = [
    ['a', 'bad'],
    ['b', 'fine'],
  ] as const;
  const colored = formatTable(columns, rows, { columns: 80, hasColors: true });
  expect(colored).toBe('ID  NAME\na   \u001b[31mbad\u001b[39m\nb   fine');
  const checks = formatGroups(groups, { columns: 80, hasColors: true });
  expect(checks).toContain('\u001b[32mok\u001b[39m    wal_level');
  expect(checks).toContain('\u001b[33mwarn\u001b[39m  slot');
});
