// json as to_jsonb rewrites it: keys by length and then by bytes, of equal keys the last, numbers without exponents, every
// other digit kept, jsonb's spacing. The text is valid JSON, because Postgres has checked it. What jsonb cannot hold (\u0000,
// half a surrogate pair, a number beyond numeric's range) makes to_jsonb fail: such a document stays as it was written.
// https://www.postgresql.org/docs/current/datatype-json.html

import { quote, type Encode } from './encode-scalar.ts';

/** numeric's limits: digits before and after the decimal point, and what an exponent may be. */
const maxWholeDigits = 131_072;
const maxScale = 16_383;
const maxExponent = 1_073_741_822;

export const json: Encode = (text) => {
  try {
    return new Document(text).normalised();
  } catch (error) {
    // A RangeError: nested too deeply to be walked.
    if (error instanceof NotInJsonb || error instanceof RangeError) return text;
    throw error;
  }
};

/** A jsonb value is printed as it has to be. */
export const jsonb: Encode = (text) => text;

class NotInJsonb extends Error {}

interface Member {
  readonly key: string;
  readonly text: string;
}

const wordEnd = /[\s,\]}]|$/g;
const stringEnd = /["\\]/g;

class Document {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  normalised(): string {
    return this.#value();
  }

  #value(): string {
    const first = this.#peek();
    if (first === '{') return this.#object();
    if (first === '[') return this.#array();
    if (first === '"') return this.#string();
    wordEnd.lastIndex = this.#at;
    const end = wordEnd.exec(this.#text)?.index ?? this.#text.length;
    const word = this.#text.slice(this.#at, end);
    this.#at = end;
    return first === 't' || first === 'f' || first === 'n' ? word : number(word);
  }

  #object(): string {
    const members = new Map<string, string>();
    this.#at += 1;
    while (this.#peek() !== '}') {
      if (this.#peek() === ',') this.#at += 1;
      this.#peek();
      const key = this.#string();
      this.#peek();
      this.#at += 1;
      members.set(key, this.#value());
    }
    this.#at += 1;
    const sorted = [...members].map(([key, text]) => ({ key, text })).sort(byKey);
    return `{${sorted.map(({ key, text }) => `${key}: ${text}`).join(', ')}}`;
  }

  #array(): string {
    const items: string[] = [];
    this.#at += 1;
    while (this.#peek() !== ']') {
      if (this.#peek() === ',') this.#at += 1;
      items.push(this.#value());
    }
    this.#at += 1;
    return `[${items.join(', ')}]`;
  }

  /** Quotes included; written again only where it has an escape. */
  #string(): string {
    const start = this.#at;
    let hasEscape = false;
    stringEnd.lastIndex = start + 1;
    for (;;) {
      const end = stringEnd.exec(this.#text)?.index;
      if (end === undefined) throw new NotInJsonb('a string without an end');
      if (this.#text[end] === '"') {
        this.#at = end + 1;
        break;
      }
      hasEscape = true;
      stringEnd.lastIndex = end + 2;
    }
    const text = this.#text.slice(start, this.#at);
    return hasEscape ? rewritten(text) : text;
  }

  /** The next character that is no space; the position moves there. */
  #peek(): string {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new NotInJsonb('a document without an end');
      if (character !== ' ' && character !== '\n' && character !== '\r' && character !== '\t')
        return character;
      this.#at += 1;
    }
  }
}

function rewritten(text: string): string {
  const value = JSON.parse(text) as string;
  if (value.includes('\0') || !value.isWellFormed())
    throw new NotInJsonb('a character that text cannot hold');
  return quote(value);
}

function byKey({ key: a }: Member, { key: b }: Member): number {
  const [first, second] = [keyBytes(a), keyBytes(b)];
  return first.length - second.length || Buffer.compare(first, second);
}

function keyBytes(key: string): Buffer {
  return Buffer.from(key.includes('\\') ? (JSON.parse(key) as string) : key.slice(1, -1));
}

/** As numeric reads and prints it: `1.50` stays, `15e1` is 150, `-0` is 0. */
function number(text: string): string {
  if (text.length <= maxScale && !/[eE]|^-0/.test(text)) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = whole + fraction;
  const scale = Math.max(0, fraction.length - Number(exponent));
  const significant = digits.replace(/^0+/, '');
  const wholeDigits = significant === '' ? 0 : significant.length - fraction.length + Number(exponent);
  if (scale > maxScale || wholeDigits > maxWholeDigits || Math.abs(Number(exponent)) > maxExponent) {
    throw new NotInJsonb('a number beyond numeric');
  }
  const shown = significant === '' ? '' : sign;
  const all = (wholeDigits > 0 ? significant.padEnd(wholeDigits + scale, '0') : significant).padStart(
    scale + 1,
    '0',
  );
  const point = all.length - scale;
  return shown + all.slice(0, point) + (scale === 0 ? '' : `.${all.slice(point)}`);
}
