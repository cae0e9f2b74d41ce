import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smallerCases } from './smaller.ts';
import { CaseArbitraries, type TestCase } from './test-case.ts';

const cases = new CaseArbitraries(18).case();

/** Takes the first smaller case that still fails, until there is none: as fast-check does. */
function smallest(testCase: TestCase, fails: (testCase: TestCase) => boolean): TestCase {
  for (const smaller of smallerCases(testCase)) if (fails(smaller)) return smallest(smaller, fails);
  return testCase;
}

test('whatever fails, shrinking ends, with one column and one value', () => {
  fc.assert(
    fc.property(cases, (testCase) => {
      const { columns } = smallest(testCase, () => true);
      expect(columns).toHaveLength(1);
      expect(columns[0]?.values).toHaveLength(1);
    }),
    { numRuns: 30 },
  );
});

test('a value that fails deep inside is taken out of what is around it', () => {
  const needle = { text: 'needle' };
  const testCase: TestCase = {
    identity: 'key',
    columns: [
      { name: 'other', type: { kind: 'plain', name: 'integer' }, values: [{ text: '1' }] },
      {
        name: 'deep',
        type: {
          kind: 'array',
          of: {
            kind: 'composite',
            isTable: true,
            attributes: [
              { name: 'a', type: { kind: 'plain', name: 'uuid' } },
              { name: 'b', type: { kind: 'domain', over: { kind: 'plain', name: 'text' } } },
            ],
            droppedBefore: [0],
          },
        },
        values: [null, { items: [{ fields: [null, needle] }, null], dimensions: [{ from: 0, size: 2 }] }],
      },
    ],
  };
  expect(smallest(testCase, (each) => JSON.stringify(each).includes('needle'))).toEqual({
    identity: 'full',
    columns: [{ name: 'value', type: { kind: 'plain', name: 'text' }, values: [needle] }],
  });
});
