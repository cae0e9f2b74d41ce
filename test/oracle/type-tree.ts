// The types and values of a case as plain data, and a value as the text that its type's input function reads.

export type TypeTree =
  | PlainType
  | { readonly kind: 'array'; readonly of: TypeTree }
  | CompositeType
  | { readonly kind: 'domain'; readonly over: TypeTree }
  | { readonly kind: 'enum'; readonly labels: readonly string[]; readonly hasCast: boolean }
  | RangeType;

/** A type that every case finds in the database, by its SQL name: see plain-types.ts. */
export interface PlainType {
  readonly kind: 'plain';
  readonly name: string;
}

export interface CompositeType {
  readonly kind: 'composite';
  /** The row type of a table. */
  readonly isTable: boolean;
  readonly attributes: readonly Attribute[];
  /** Before which attributes one stood that was dropped; the rest at the end. */
  readonly droppedBefore: readonly number[];
}

export interface Attribute {
  readonly name: string;
  readonly type: TypeTree;
}

export interface RangeType {
  readonly kind: 'range' | 'multirange';
  /** A plain type's name. */
  readonly over: string;
  readonly hasCast: boolean;
}

export type ValueTree = null | TextValue | ArrayValue | RowValue;

/** A value that the case does not look into. */
export interface TextValue {
  readonly text: string;
}

export interface ArrayValue {
  readonly items: readonly ValueTree[];
  /** Lower bound and number of items of each dimension; none when there are no items. */
  readonly dimensions: readonly Dimension[];
}

export interface Dimension {
  readonly from: number;
  readonly size: number;
}

export interface RowValue {
  readonly fields: readonly ValueTree[];
}

/** pg_type.typdelim: handed down from box to its arrays, domains over it, and theirs. */
function delimiterOf(type: TypeTree): string {
  if (type.kind === 'array') return delimiterOf(type.of);
  if (type.kind === 'domain') return delimiterOf(type.over);
  return type.kind === 'plain' && type.name === 'box' ? ';' : ',';
}

/** What the type's input function reads. */
export function textOf(type: TypeTree, value: NonNullable<ValueTree>): string {
  if (type.kind === 'domain') return textOf(type.over, value);
  if ('text' in value) return value.text;
  if ('fields' in value) return rowText(type, value);
  return arrayText(type, value);
}

/** As an SQL expression of that type. */
export function literalOf(type: TypeTree, typeName: string, value: ValueTree): string {
  return value === null ? `null::${typeName}` : `${quoteLiteral(textOf(type, value))}::${typeName}`;
}

export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? ` E${quoted}` : quoted;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function rowText(type: TypeTree, { fields }: RowValue): string {
  const attributes = type.kind === 'composite' ? type.attributes : [];
  const texts = attributes.map((attribute, index) => {
    const field = fields[index] ?? null;
    return field === null ? '' : quotedItem(textOf(attribute.type, field));
  });
  return `(${texts.join(',')})`;
}

function arrayText(type: TypeTree, { items, dimensions }: ArrayValue): string {
  if (items.length === 0) return '{}';
  const itemType = type.kind === 'array' ? type.of : type;
  const texts = items.map((item) => (item === null ? 'NULL' : quotedItem(textOf(itemType, item))));
  const hasBounds = dimensions.some(({ from }) => from !== 1);
  const bounds = dimensions.map(({ from, size }) => `[${from}:${from + size - 1}]`).join('');
  const sizes = dimensions.map(({ size }) => size);
  return `${hasBounds ? `${bounds}=` : ''}${nested(texts, sizes, delimiterOf(itemType))}`;
}

function nested(texts: readonly string[], [, ...inner]: readonly number[], delimiter: string): string {
  if (inner.length === 0) return `{${texts.join(delimiter)}}`;
  const length = inner.reduce((product, size) => product * size, 1);
  const parts: string[] = [];
  for (let at = 0; at < texts.length; at += length) {
    parts.push(nested(texts.slice(at, at + length), inner, delimiter));
  }
  return `{${parts.join(delimiter)}}`;
}

/** In an array and in a row: the quotes and backslashes that both understand. */
function quotedItem(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"`;
}
