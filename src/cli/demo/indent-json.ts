/** JSON made readable with every digit as it was sent; long strings are cut, with their length. */

const maxString = 160;
const numberMark = '\u0000';

export function indentJson(json: string): string {
  // A number passes as marked text, because 12.50 and 2^53 + 1 do not survive as JavaScript numbers.
  const keep = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value === 'number') return `${numberMark}${context?.source ?? String(value)}`;
    if (typeof value !== 'string' || value.length <= maxString) return value;
    return `${value.slice(0, maxString)}… (${value.length} characters)`;
  };
  const indented = JSON.stringify(JSON.parse(json, keep), null, 2);
  return indented.replaceAll(/"\\u0000([^"]*)"/g, '$1');
}
