import { expect, test } from 'vitest';
import { placeKey, stagesOf, type AlterStep } from './alter.ts';
import type { TestCase } from './test-case.ts';

const composite = {
  kind: 'composite',
  isTable: false,
  attributes: [
    { name: 'a', type: { kind: 'plain', name: 'integer' } },
    { name: 'b', type: { kind: 'plain', name: 'text' } },
  ],
  droppedBefore: [],
} as const;

function caseWith(...steps: AlterStep[]): TestCase {
  const row = { fields: [{ text: '1' }, { text: 'one' }] };
  return {
    identity: 'full',
    columns: [
      {
        name: 'list',
        type: { kind: 'domain', over: { kind: 'array', of: composite } },
        values: [{ items: [row, null], dimensions: [{ from: 1, size: 2 }] }, null],
      },
    ],
    alteration: { composite: 3, before: [[], steps] },
  };
}

function after(...steps: AlterStep[]): unknown {
  const stages = stagesOf(caseWith(...steps), 4, (key) => `type_at_${key}`);
  expect(stages.map(({ statements }) => statements.length > 0)).toEqual([false, false, true, false]);
  const { statements, testCase } = stages[3] ?? {};
  expect(statements).toEqual([]);
  const value = testCase?.columns[0]?.values[0];
  return { statements: stages[2]?.statements, value };
}

const where = `alter type type_at_${placeKey([0, 'inside', 'inside'])}`;

test('an attribute that is dropped takes its values along, inside of domains and arrays', () => {
  expect(after({ kind: 'drop', index: 2 })).toEqual({
    statements: [`${where} drop attribute "a"`],
    value: { items: [{ fields: [{ text: 'one' }] }, null], dimensions: [{ from: 1, size: 2 }] },
  });
});

test('a second step finds what the first one has left, and one that is not possible is left out', () => {
  const added = { kind: 'add', name: 'c', type: { kind: 'plain', name: 'text' }, text: 'new' } as const;
  expect(
    after(added, { kind: 'rename', index: 0, name: 'c' }, { kind: 'rename', index: 2, name: 'd' }),
  ).toEqual({
    statements: [`${where} add attribute "c" text`, `${where} rename attribute "c" to "d"`],
    value: {
      items: [{ fields: [{ text: '1' }, { text: 'one' }, { text: 'new' }] }, null],
      dimensions: [{ from: 1, size: 2 }],
    },
  });
});
