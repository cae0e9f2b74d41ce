// A failing case in words: the column as SQL, the value as a literal, what Postgres said and what was posted.

import { stagesOf } from './alter.ts';
import type { Difference } from './compare.ts';
import { Declarations } from './declare.ts';
import type { CaseColumn, TestCase } from './test-case.ts';
import { literalOf, quoteName } from './type-tree.ts';

const statementNames = ['INSERT', 'UPDATE of the values', 'UPDATE of the version alone', 'DELETE'];
const longest = 300;
const shownBefore = 40;

export function describeCase(testCase: TestCase, difference: Difference | undefined): string {
  const { columns, identity } = testCase;
  const declarations = new Declarations('erp');
  const names = declarations.namesOf(columns);
  const lines = declarations.statements.map((statement) => `  ${excerpt(statement, 0)};`);
  const table = columns.map(({ name }, index) => `${quoteName(name)} ${names[index] ?? ''}`);
  lines.push(`  a table with identity ${identity} of (${table.join(', ')})`);
  const stages = stagesOf(testCase, statementNames.length, (key) => declarations.composites.get(key) ?? '');
  for (const [index, { statements }] of stages.entries()) {
    for (const each of statements) lines.push(`  before the ${statementNames[index] ?? ''}: ${each};`);
  }
  const values = columns.map((column, index) => listValues(column, names[index] ?? ''));
  if (difference === undefined) return [...lines, ...values.flat()].join('\n');
  const { change, side, column, expected, got } = difference;
  const of = column === undefined ? '' : ` of ${quoteName(columns[column]?.name ?? '')}`;
  const at = firstDifference(expected, got);
  return [
    ...lines,
    ...(column === undefined ? values.flat() : (values[column] ?? [])),
    `  change    ${change.type} of row ${change.row + 1}, ${side}${of}`,
    `  expected  ${excerpt(expected, at)}`,
    `  got       ${excerpt(got, at)}`,
    `  they differ from character ${at + 1} on`,
  ].join('\n');
}

function listValues({ name, type, values }: CaseColumn, typeName: string): string[] {
  const literals = values.map((value) => excerpt(literalOf(type, typeName, value).trim(), 0));
  return literals.slice(0, 5).map((literal) => `  ${quoteName(name)} = ${literal}`);
}

export function firstDifference(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at;
}

function excerpt(text: string, around: number): string {
  if (text.length <= longest) return text;
  const from = Math.max(0, around - shownBefore);
  const part = text.slice(from, from + longest);
  return `${from > 0 ? '…' : ''}${part}${from + longest < text.length ? '…' : ''} (${text.length} characters)`;
}
