// A payload field by field: what it was and what it is. Numbers keep the digits that were sent, which a double would lose.

export interface Field {
  readonly name: string;
  /** As text; null: there is none, as in an INSERT. */
  readonly before: string | null;
  readonly after: string | null;
  readonly isChanged: boolean;
}

export interface Difference {
  /** Those that changed first, else as the table has them. */
  readonly fields: readonly Field[];
  /** Large values that did not change, which the payload does not have. */
  readonly unchanged: readonly string[];
  /** `old` has the key columns only. */
  readonly isPartial: boolean;
}

/** Null: it is no payload with a row. */
export function differenceOf(body: string): Difference | null {
  const payload = parseExactly(body);
  if (!isRow(payload)) return null;
  const { type, record, old, unchanged, partial } = payload;
  const isDelete = type === 'DELETE';
  const [before, after] = [isRow(old) ? old : null, !isDelete && isRow(record) ? record : null];
  if (before === null && after === null) return null;
  const names = [...new Set([...Object.keys(after ?? {}), ...Object.keys(before ?? {})])];
  const fields = names.map((name) => {
    const field = { before: textOf(before?.[name]), after: textOf(after?.[name]) };
    return { name, ...field, isChanged: before === null || after === null || field.before !== field.after };
  });
  return {
    fields: [...fields.filter(({ isChanged }) => isChanged), ...fields.filter(({ isChanged }) => !isChanged)],
    unchanged: Array.isArray(unchanged) ? unchanged.map(String) : [],
    isPartial: partial === true,
  };
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
