// Values of the types that hold text as it is: quotes, backslashes, braces, words that mean NULL elsewhere, control
// characters, all of Unicode, and long ones.

import fc, { type Arbitrary } from 'fast-check';
import { plainType, type PlainTypeEntry } from './plain-type.ts';

export const oddTexts = [
  '',
  ' ',
  'plain',
  'NULL',
  'null',
  'say "hi"',
  'back\\slash',
  '\\\n',
  '\\',
  '"',
  '{a,b}',
  '(a,"b")',
  'a;b',
  "it's",
  '\u0001\b\t\n\f\r\u001f\u007f\u0085',
  '😀 ß\u2028\u2029\ufeff',
  '\ufeffstarts with a byte order mark',
  '/</script>',
  '\u{10ffff}\uffff\ue000',
];

const oddCharacters = [...'"\\\'{}()[],; \t\n\rNULnull:=>/', '😀', 'é', '\ufeff'];

/** No NUL, which Postgres has not, and no half of a surrogate pair, which UTF-8 has not. */
const anyCharacters = fc
  .string({ unit: 'binary', maxLength: 30 })
  .map((text) => text.replaceAll('\u0000', ''));

export const odd = fc.string({ unit: fc.constantFrom(...oddCharacters), maxLength: 20 });

const long = fc
  .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), fc.integer({ min: 100, max: 10_000 }))
  .map(([text, length]) => text.repeat(Math.ceil(length / text.length)));

export const anyText: Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: anyCharacters },
  { weight: 8, arbitrary: odd },
  { weight: 1, arbitrary: long },
);

const firstCharacters = (text: string, count: number): string => [...text].slice(0, count).join('');

/** At most 15 characters: names are cut at 63 bytes. Never empty. */
export const anyName: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'say "x"',
    'a b',
    '😀',
    '0',
    'ÄÖ',
    'select',
    "it's",
  ),
  fc
    .oneof(odd, anyCharacters)
    .map((text) => firstCharacters(text, 15))
    .filter((text) => text !== ''),
);

export const anyLabel: Arbitrary<string> = fc
  .oneof(odd, anyCharacters)
  .map((text) => firstCharacters(text, 15));

const xmlText = fc
  .string({ unit: fc.constantFrom(...'ab "\'\n\t{},\\é😀'), maxLength: 20 })
  .map((text) => `<a b="1"><![CDATA[${text}]]>${text.replaceAll('"', '&quot;')}</a>`);

export const textTypes: readonly PlainTypeEntry[] = [
  plainType('text', [...oddTexts, 'x'.repeat(10_000), '\\"'.repeat(3000)], anyText),
  plainType(
    'varchar',
    oddTexts,
    anyText.map((text) => firstCharacters(text, 40)),
  ),
  plainType(
    'varchar(40)',
    oddTexts,
    anyText.map((text) => firstCharacters(text, 40)),
  ),
  plainType(
    'char(8)',
    ['', 'ab', 'a "b"', '😀'],
    anyText.map((text) => firstCharacters(text, 8)),
  ),
  plainType(
    'bpchar',
    ['', 'ab  ', 'a "b"'],
    anyText.map((text) => firstCharacters(text, 20)),
  ),
  plainType('name', oddTexts, anyText),
  plainType('"char"', ['a', '"', '\\', '', '{', '\n'], undefined, { later: { 16: ['\\351', '\\377'] } }),
  plainType('refcursor', oddTexts, anyText),
  plainType('xml', ['<a b="c">\n</a>', 'text', '', '<!-- "c" -->', '&lt;\\'], xmlText),
  plainType('citext', oddTexts, anyText, { extension: 'citext' }),
];
