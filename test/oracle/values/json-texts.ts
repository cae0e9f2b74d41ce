// JSON as people write it: odd spacing, a key given twice, exponents, escapes, keys that sort differently by bytes than
// by UTF-16. Nothing that to_jsonb refuses: no \u0000, no half of a surrogate pair, no number beyond numeric.

import fc, { type Arbitrary } from 'fast-check';
import { plainType, type PlainTypeEntry } from './plain-type.ts';
import { anyText } from './texts.ts';

const space = fc.constantFrom('', '', ' ', '\n\t', ' \r\n ');

const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.bigInt({ min: 1n, max: 10n ** 25n }).map(String)),
    fc.constantFrom('', '.0', '.10', '.00', '.5', '.123456789012345678901234567890'),
    fc.constantFrom('', '', 'e2', 'E+3', 'e-7', 'e0', 'e300', 'E-300'),
  )
  .map((parts) => parts.join(''));

const escape = (unit: string, upper: boolean): string => {
  const code = unit.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${upper ? code.toUpperCase() : code}`;
};

/** Some with every UTF-16 unit escaped, which is also how characters beyond the first plane are written. */
const string = fc
  .tuple(anyText, fc.constantFrom('plain', 'plain', 'slash', 'lower', 'upper'))
  .map(([text, style]) => {
    if (style === 'plain') return JSON.stringify(text);
    if (style === 'slash') return JSON.stringify(text).replaceAll('/', String.raw`\/`);
    const units = text.slice(0, 200).replace(/[\ud800-\udbff]$/, '');
    return `"${units
      .split('')
      .map((unit) => escape(unit, style === 'upper'))
      .join('')}"`;
  });

const shortKeys = ['', 'a', 'b', 'aa', 'é', 'zz', '😀', '\uffff', '__proto__', '"', '\\', 'a b', 'ab', 'ea'];
const key = fc.oneof(
  fc.constantFrom(...shortKeys).map((text) => JSON.stringify(text)),
  fc.constantFrom(String.raw`"\u0061"`, String.raw`"\ud83d\ude00"`, String.raw`"\u00e9"`),
  string,
);

const { document } = fc.letrec<{ document: string; member: string }>((tie) => {
  const within = (open: string, close: string, inner: Arbitrary<string>): Arbitrary<string> =>
    fc
      .tuple(space, fc.array(fc.tuple(space, inner, space), { maxLength: 5 }))
      .map(([first, parts]) => `${open}${first}${parts.map((each) => each.join('')).join(',')}${close}`);
  return {
    document: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('null', 'true', 'false'),
      number,
      string,
      within('[', ']', tie('document')),
      within('{', '}', tie('member')),
    ),
    member: fc
      .tuple(key, space, space, tie('document'))
      .map(([name, before, after, value]) => `${name}${before}:${after}${value}`),
  };
});

const anyJson = fc.tuple(space, document, space).map((parts) => parts.join(''));

const deep = 200;
const jsonEdges = [
  'null',
  ' true ',
  '"a\\"b"',
  '""',
  '[]',
  '{}',
  '[ ]',
  '{ }',
  '{"b": [1.10, 1e2, -0, -0.0, true], "a": {"c": "\\u00e9\\n"}}',
  '12345678901234567890.10',
  '1E+2',
  '1.50e-3',
  '-0',
  '0e5',
  '1.10e1',
  ' {"b":1,\n"a":2, "b":3} ',
  '{"aa":1,"b":2,"":3,"😀":4,"\uffff":5,"é":6}',
  '{"\\u0061":1,"a":2}',
  '"\\ud83d\\ude00\\/\\u007f\\b"',
  `${'['.repeat(deep)}${']'.repeat(deep)}`,
  `${'{"k": '.repeat(deep)}1${'}'.repeat(deep)}`,
  `[${'1.50, '.repeat(500)}0]`,
  `{"__proto__":{"a":[{"b":null}]},"constructor":1}`,
];

export const jsonTypes: readonly PlainTypeEntry[] = [
  plainType('json', jsonEdges, anyJson),
  plainType('jsonb', jsonEdges, anyJson),
];
