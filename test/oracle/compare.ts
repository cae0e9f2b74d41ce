// What was posted for one change against what to_jsonb said of it: the first thing that is not equal.

import { canonical, entry, keysOf, readJson, type JsonNode } from './json-node.ts';
import { isJson } from './plain-types.ts';
import type { TestCase } from './test-case.ts';
import type { TypeTree } from './type-tree.ts';

/** One change as Postgres told it in the statement that made it. */
export interface ExpectedChange {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly row: number;
  readonly version: number;
  /** The row that the change left, or deleted, as to_jsonb prints it. */
  readonly record: string;
  /** The row before; for an INSERT none. */
  readonly old: string | undefined;
  /** With the types that there were in that moment. */
  readonly testCase: TestCase;
}

export interface Difference {
  readonly change: ExpectedChange;
  /** `record`, `old`, or a sentence about the whole. */
  readonly side: string;
  /** Index in the case's columns; undefined when the difference is not in one of them. */
  readonly column: number | undefined;
  readonly expected: string;
  readonly got: string;
}

type Inequality = Omit<Difference, 'change'>;

/** The version that an update sets which sets nothing else. */
export const touchedVersion = 2;

/** Postgres stores values out of line from 2 kB on, of which the JSON may have less. */
const shortestOutOfLine = 500;

export const keyColumns = ['row', 'version'];

export function differenceOf(table: string, change: ExpectedChange, body: string): Difference | undefined {
  const payload = readJson(body);
  const { testCase } = change;
  const isPartial = testCase.identity === 'key' && change.type === 'DELETE';
  const unchanged = unchangedNames(change, payload);
  const sides = isPartial
    ? [keyOnly(change, payload, 'record'), keyOnly(change, payload, 'old')]
    : [
        envelope(table, change, payload, unchanged),
        row(testCase, 'record', readJson(change.record), entry(payload, 'record'), unchanged),
        oldRow(change, payload),
      ];
  const found = sides.find((side) => side !== undefined);
  return found === undefined ? undefined : { change, ...found };
}

function unequal(side: string, expected: string, got: string, column?: number): Inequality {
  return { side, column, expected, got };
}

/**
 * Stored out of line, and not touched by the update: only where the identity is the key, and only in long rows. An attribute that was
 * dropped from a type takes its room in the row, and has none in the JSON.
 */
function unchangedNames(
  { version, record, testCase: { identity, alteration } }: ExpectedChange,
  payload: JsonNode,
): string[] {
  const listed = entry(payload, 'unchanged');
  const isLong = record.length > shortestOutOfLine || alteration !== undefined;
  const isPossible = identity === 'key' && version === touchedVersion && isLong;
  if (listed?.kind !== 'array' || !isPossible) return [];
  return listed.items.map(({ raw }) => JSON.parse(raw) as string);
}

function envelope(
  table: string,
  { type, old, testCase }: ExpectedChange,
  payload: JsonNode,
  unchanged: readonly string[],
): Inequality | undefined {
  const head = keysOf(payload).flatMap((key) =>
    ['record', 'old'].includes(key) ? [`"${key}"`] : [`"${key}":${entry(payload, key)?.raw ?? ''}`],
  );
  const expected = [`"type":"${type}"`, `"table":"${table}"`, '"companyId":null', '"record"'];
  if (old !== undefined) expected.push('"old"');
  if (unchanged.length > 0)
    expected.push(`"unchanged":[${unchanged.map((name) => JSON.stringify(name)).join(',')}]`);
  if (head.join(',') !== expected.join(',')) {
    return unequal('the payload around the rows', `{${expected.join(',')}}`, `{${head.join(',')}}`);
  }
  const names = [...keyColumns, ...testCase.columns.map(({ name }) => name)];
  const wanted = names.filter((name) => !unchanged.includes(name));
  const record = entry(payload, 'record');
  const keys = record === undefined ? [] : keysOf(record);
  return wanted.join() === keys.join()
    ? undefined
    : unequal('the keys of record', JSON.stringify(wanted), JSON.stringify(keys));
}

function oldRow({ old, testCase }: ExpectedChange, payload: JsonNode): Inequality | undefined {
  if (old === undefined) return undefined;
  const got = entry(payload, 'old');
  if (testCase.identity === 'full') return row(testCase, 'old', readJson(old), got, []);
  return got?.raw === 'null' ? undefined : unequal('old', 'null', got?.raw ?? 'nothing');
}

function keyOnly(change: ExpectedChange, payload: JsonNode, side: 'record' | 'old'): Inequality | undefined {
  const expected = `{"row":${change.row}}`;
  const got = entry(payload, side)?.raw ?? 'nothing';
  const isMarked = entry(payload, 'partial')?.raw === 'true';
  return got === expected && isMarked ? undefined : unequal(`partial ${side}`, expected, got);
}

function row(
  { columns }: TestCase,
  side: string,
  expected: JsonNode,
  got: JsonNode | undefined,
  unchanged: readonly string[],
): Inequality | undefined {
  for (const name of keyColumns) {
    const [wanted, came] = [entry(expected, name)?.raw, entry(got, name)?.raw];
    if (wanted !== came) return unequal(side, `${name} ${wanted ?? ''}`, `${name} ${came ?? 'missing'}`);
  }
  for (const [index, { name, type }] of columns.entries()) {
    if (unchanged.includes(name)) continue;
    const [wanted, came] = [entry(expected, name), entry(got, name)];
    if (wanted === undefined || came === undefined) return unequal(side, wanted?.raw ?? '', 'nothing', index);
    const problem = valueProblem(type, wanted, came);
    if (problem !== undefined) return unequal(side, ...problem, index);
  }
  return undefined;
}

/** Keys, values and digits are Postgres'; a composite's keys stand in the order of its attributes, those in json in jsonb's. */
function valueProblem(type: TypeTree, expected: JsonNode, got: JsonNode): [string, string] | undefined {
  if (type.kind === 'plain' && expected.raw === got.raw) return undefined;
  if (canonical(expected) !== canonical(got)) return [expected.raw, got.raw];
  if (type.kind === 'domain') return valueProblem(type.over, expected, got);
  if (type.kind === 'plain' && isJson(type.name)) return [expected.raw, got.raw];
  if (type.kind !== 'composite' || got.kind !== 'object') return undefined;
  const names = type.attributes.map(({ name }) => name);
  if (keysOf(got).join() !== names.join()) {
    return [`the keys ${JSON.stringify(names)}`, `the keys ${JSON.stringify(keysOf(got))}`];
  }
  for (const attribute of type.attributes) {
    const [wanted, came] = [entry(expected, attribute.name), entry(got, attribute.name)];
    const problem =
      wanted === undefined || came === undefined ? undefined : valueProblem(attribute.type, wanted, came);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
