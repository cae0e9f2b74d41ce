// A payload field by field: what it was and what it is. Numbers keep the digits that were sent, which a double would lose.

export type Side = 'before' | 'after';

export interface Field {
  readonly name: string;
  /** As text; null: the payload has none, as an INSERT has none from before. */
  readonly before: string | null;
  readonly after: string | null;
  /** Not known: an UPDATE whose payload does not say what it was. */
  readonly change: 'changed' | 'same' | 'not known';
}

export interface Difference {
  /** Those that changed first, then those of which it is not known, else as the table has them. */
  readonly fields: readonly Field[];
  /** An INSERT has only an after, a DELETE only a before. */
  readonly sides: readonly Side[];
  /** Large values that did not change, which the payload does not have. */
  readonly unchanged: readonly string[];
  /** What the payload has of the row as it was: a table without full identity keeps less than all. */
  readonly old: 'all' | 'key' | 'nothing';
}

/** Null: it is no payload with a row. */
export function differenceOf(body: string): Difference | null {
  const payload = parseExactly(body);
  if (!isRow(payload)) return null;
  const { type, record, old, unchanged, partial } = payload;
  const after = type !== 'DELETE' && isRow(record) ? record : null;
  const before = isRow(old) ? old : null;
  if (before === null && after === null) return null;
  const left = Array.isArray(unchanged) ? unchanged.map(String) : [];
  const isUpdate = type === 'UPDATE';
  const names = [...new Set([...Object.keys(after ?? {}), ...Object.keys(before ?? {})])];
  const fields = names.map((name): Field => {
    const was = textOf(before?.[name]);
    // What is named as unchanged, and is in the key, is what it was.
    const is = left.includes(name) ? was : textOf(after?.[name]);
    return { name, before: was, after: is, change: isUpdate ? changeOf(was, is) : 'changed' };
  });
  return {
    fields: order.flatMap((change) => fields.filter((field) => field.change === change)),
    sides: isUpdate ? ['before', 'after'] : [after === null ? 'before' : 'after'],
    unchanged: left,
    old: partial === true ? 'key' : isUpdate && before === null ? 'nothing' : 'all',
  };
}

const order = ['changed', 'not known', 'same'] as const;

function changeOf(was: string | null, is: string | null): Field['change'] {
  if (was === null) return 'not known';
  return was === is ? 'same' : 'changed';
}

/** With line breaks, for reading; as it is where it is no JSON. */
export function indented(json: string): string {
  const value = parseExactly(json);
  return value === undefined ? json : print(value, '');
}

class Digits {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Row = Readonly<Record<string, unknown>>;

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}

/** Undefined: it is no JSON. */
function parseExactly(json: string): unknown {
  // A browser that does not pass the source shows what a double makes of it.
  const keep = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value;
  try {
    return JSON.parse(json, keep) as unknown;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : print(value, '');
}

function print(value: unknown, indent: string): string {
  if (value instanceof Digits) return value.source;
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((each) => deeper + print(each, deeper)).join(',\n')}\n${indent}]`;
  }
  if (!isRow(value)) return JSON.stringify(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([name, each]) => `${deeper}${JSON.stringify(name)}: ${print(each, deeper)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
