// One value without inner structure, from Postgres' text to JSON text, as to_jsonb prints it. Numbers stay text from end
// to end, so every digit survives. The texts are those of a session with TimeZone=UTC, DateStyle=ISO,
// IntervalStyle=postgres, extra_float_digits=1 and bytea_output=hex.

const space = 0x20;
const plus = 0x2b;

/** A value's Postgres text to its JSON text. */
export type Encode = (text: string) => string;

/** What JSON.stringify may escape: with surrogates, of which it escapes those without their other half. */
const mayNeedEscape = /["\\\x00-\x1f\ud800-\udfff]/;
/** Measured on V8 13: up to here the test and a concatenation take less time than JSON.stringify, which makes a copy. */
const shortText = 32;

export const quote: Encode = (text) =>
  text.length > shortText || mayNeedEscape.test(text) ? JSON.stringify(text) : `"${text}"`;

/** For types whose text never holds a character that JSON escapes. */
export const quotePlain: Encode = (text) => `"${text}"`;

export const bool: Encode = (text) => (text === 't' ? 'true' : 'false');

export const integer: Encode = (text) => text;

/** Keeps the scale: 1.50 stays 1.50. NaN, Infinity and -Infinity have no JSON number and become strings. */
export const numeric: Encode = (text) => (endsInDigit(text) ? text : quotePlain(text));

/** As to_jsonb does by way of numeric: no exponents, and no negative zero. */
export const float: Encode = (text) => {
  if (!endsInDigit(text)) return quotePlain(text);
  if (text === '-0') return '0';
  return text.includes('e') ? expandExponent(text) : text;
};

/** `2026-01-31 12:00:00` to `2026-01-31T12:00:00`; ` BC` stays behind; infinity and -infinity stay as they are. */
export const timestamp: Encode = (text) => quotePlain(text.replace(' ', 'T'));

/** As timestamp, with an offset of at least hours and minutes: `+00` becomes `+00:00`, `+00:19:32` stays. */
export const timestamptz: Encode = (text) => {
  const isUsual = text.charCodeAt(10) === space && text.charCodeAt(text.length - 3) === plus;
  if (isUsual) return `"${text.slice(0, 10)}T${text.slice(11)}:00"`;
  return quotePlain(text.replace(' ', 'T').replace(/[+-]\d\d(?=$| BC$)/, '$&:00'));
};

/** int2vector and oidvector: items with a space between. */
export function vector(item: Encode): Encode {
  return (text) => (text === '' ? '[]' : `[${text.split(' ').map(item).join(',')}]`);
}

function endsInDigit(text: string): boolean {
  const code = text.charCodeAt(text.length - 1);
  return code >= 48 && code <= 57;
}

/** `-1.5e-07` to `-0.00000015`. Only the exponent is read as a number. */
function expandExponent(text: string): string {
  const start = text.startsWith('-') ? 1 : 0;
  const end = text.indexOf('e');
  const [whole = '', fraction = ''] = text.slice(start, end).split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(text.slice(end + 1));
  const sign = text.slice(0, start);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
