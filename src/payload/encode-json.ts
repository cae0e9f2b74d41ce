// json as to_jsonb rewrites it: keys by length and then by bytes, of equal keys the last, numbers without exponents, every
// other digit kept, jsonb's spacing. The text is valid JSON, because Postgres has checked it. What jsonb cannot hold (\u0000,
// half a surrogate pair, a number beyond numeric's range) makes to_jsonb fail: such a document stays as it was written, and so does
// one that would grow beyond measure.
// https://www.postgresql.org/docs/current/datatype-json.html

import { quote, type Encode } from './encode-scalar.ts';
import { endOfQuoted } from './quoted.ts';

/** numeric's limits: digits before and after the decimal point, and what an exponent may be. */
const maxWholeDigits = 131_072;
const maxScale = 16_383;
const maxExponent = 1_073_741_822;
/** Characters that numbers may add to a document by losing their exponents: each can add as many as it has digits. */
const maxGrowth = 1_000_000;

export const json: Encode = (text) => {
  try {
    return new Document(text).normalised();
  } catch (error) {
    if (error instanceof NotAsJsonb) return text;
    throw error;
  }
};

/** A jsonb value is printed as it has to be. */
export const jsonb: Encode = (text) => text;

class NotAsJsonb extends Error {}

/** An object or array that is not closed yet. */
interface Open {
  /** By key, quotes included; null for an array. */
  readonly members: Map<string, string> | null;
  /** An array's. */
  readonly items: string[];
  /** Whose value comes next; empty before a key, which has at least its quotes. */
  key: string;
}

const wordEnd = /[\s,\]}]|$/g;

// Without recursion: Postgres takes documents that are nested more deeply than a call stack is.
class Document {
  readonly #text: string;
  #at = 0;
  #growth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  normalised(): string {
    const open: Open[] = [];
    for (;;) {
      const value = this.#next(open);
      if (value === undefined) continue;
      const parent = open.at(-1);
      if (parent === undefined) return value;
      parent.members?.set(parent.key, value);
      if (parent.members === null) parent.items.push(value);
      parent.key = '';
    }
  }

  /** A whole value, or undefined after a step into or within one. */
  #next(open: Open[]): string | undefined {
    const first = this.#peek();
    const parent = open.at(-1);
    if (first === ',') {
      this.#at += 1;
      return undefined;
    }
    if (first === '}' || first === ']') {
      this.#at += 1;
      open.pop();
      return parent && closed(parent);
    }
    if (parent?.members && parent.key === '') {
      parent.key = this.#string();
      this.#peek();
      this.#at += 1;
      return undefined;
    }
    if (first === '{' || first === '[') {
      this.#at += 1;
      open.push({ members: first === '{' ? new Map() : null, items: [], key: '' });
      return undefined;
    }
    return first === '"' ? this.#string() : this.#word(first);
  }

  #word(first: string): string {
    wordEnd.lastIndex = this.#at;
    const end = wordEnd.exec(this.#text)?.index ?? this.#text.length;
    const word = this.#text.slice(this.#at, end);
    this.#at = end;
    if (first === 't' || first === 'f' || first === 'n') return word;
    const text = number(word);
    this.#growth += Math.max(0, text.length - word.length);
    if (this.#growth > maxGrowth) throw new NotAsJsonb('a document that would grow beyond measure');
    return text;
  }

  /** Quotes included; written again only where it has an escape. */
  #string(): string {
    const start = this.#at;
    this.#at = endOfQuoted(this.#text, start + 1) + 1;
    const text = this.#text.slice(start, this.#at);
    return text.includes('\\') ? rewritten(text) : text;
  }

  /** The next character that is no space; the position moves there. */
  #peek(): string {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw new NotAsJsonb('a document without an end');
      if (character !== ' ' && character !== '\n' && character !== '\r' && character !== '\t')
        return character;
      this.#at += 1;
    }
  }
}

function closed({ members, items }: Open): string {
  if (members === null) return `[${items.join(', ')}]`;
  const sorted = [...members].map(([key, text]) => sortable(key, text)).sort(byKey);
  return `{${sorted.map(({ key, text }) => `${key}: ${text}`).join(', ')}}`;
}

interface Sortable {
  readonly key: string;
  readonly text: string;
  /** Without quotes and escapes. */
  readonly name: string;
  /** In UTF-8. */
  readonly bytes: number;
}

function sortable(key: string, text: string): Sortable {
  const name = key.includes('\\') ? (JSON.parse(key) as string) : key.slice(1, -1);
  return { key, text, name, bytes: Buffer.byteLength(name) };
}

function byKey(a: Sortable, b: Sortable): number {
  if (a.bytes !== b.bytes) return a.bytes - b.bytes;
  // Of ASCII the characters stand in the order of their bytes.
  if (a.bytes === a.name.length && b.bytes === b.name.length) return a.name < b.name ? -1 : 1;
  return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function rewritten(text: string): string {
  const value = JSON.parse(text) as string;
  if (value.includes('\0') || !value.isWellFormed())
    throw new NotAsJsonb('a character that text cannot hold');
  return quote(value);
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
    throw new NotAsJsonb('a number beyond numeric');
  }
  const shown = significant === '' ? '' : sign;
  const all = (wholeDigits > 0 ? significant.padEnd(wholeDigits + scale, '0') : significant).padStart(
    scale + 1,
    '0',
  );
  const point = all.length - scale;
  return shown + all.slice(0, point) + (scale === 0 ? '' : `.${all.slice(point)}`);
}
