// A composite's text, `(a,"b ""q""",)`, to a JSON object with the attributes in their order.
// https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX

import { quote, type Encode } from './encode-scalar.ts';
import { requireWithinLimit } from './payload-too-large.ts';

export interface AttributeShape {
  /** The attribute's name as a JSON string. */
  readonly name: string;
  readonly encode: Encode;
}

export interface CompositeShape {
  readonly attributes: readonly AttributeShape[];
  /** False: what is printed for each value is tried for being JSON. */
  readonly isProven: boolean;
}

/**
 * `shapeOf` tells what the values of a text with so many of them are, none for `()`; undefined where that is not known, and then the text
 * goes out as a string.
 */
export function composite(shapeOf: (count: number) => CompositeShape | undefined): Encode {
  return (text) => {
    const fields = recordFields(text);
    const shape = shapeOf(text === '()' ? 0 : fields.length);
    if (shape === undefined) return quote(text);
    let json = '';
    for (const [index, { name, encode }] of shape.attributes.entries()) {
      const field = fields[index] ?? null;
      const value = field === null ? 'null' : encode(field);
      if (!shape.isProven && !isJson(value)) return quote(text);
      json += `${index === 0 ? '' : ','}${name}:${value}`;
      requireWithinLimit(json);
    }
    return `{${json}}`;
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const special = /[",\\)]/g;

/** The values between the brackets, null where nothing stands. */
function recordFields(text: string): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = 1;
  while (at < text.length) {
    const end = endOfField(text, at);
    fields.push(end === at ? null : unquoted(text.slice(at, end)));
    at = end + 1;
  }
  return fields;
}

/** Where the comma or the closing bracket stands. */
function endOfField(text: string, start: number): number {
  let isQuoted = false;
  special.lastIndex = start;
  for (;;) {
    const at = special.exec(text)?.index;
    if (at === undefined) return text.length;
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\') special.lastIndex = at + 2;
    else if (!isQuoted) return at;
  }
}

// record_out puts quotes round the whole of a value, and doubles quotes and backslashes in it.
function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/(["\\])\1/g, '$1') : text;
}
