// Values of the types that are searched with or in: text search, jsonpath, and those of extensions.

import fc from 'fast-check';
import { plainType, type PlainTypeEntry } from './plain-type.ts';
import { anyText, odd, oddTexts } from './texts.ts';

const lexeme = odd
  .filter((text) => text !== '')
  .map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);

const tsvector = fc
  .array(
    fc.tuple(lexeme, fc.constantFrom('', ':1', ':2A,3', ':16383D', ':7B')).map((both) => both.join('')),
    { maxLength: 6 },
  )
  .map((words) => words.join(' '));

const tsquery = fc
  .array(fc.tuple(fc.constantFrom('', '!'), lexeme, fc.constantFrom('', ':*', ':AB')), {
    minLength: 1,
    maxLength: 5,
  })
  .chain((words) =>
    fc
      .array(fc.constantFrom(' & ', ' | ', ' <-> ', ' <3> '), {
        minLength: words.length,
        maxLength: words.length,
      })
      .map((operators) =>
        words.map((word, index) => `${index === 0 ? '' : (operators[index] ?? '')}${word.join('')}`).join(''),
      ),
  );

const hstoreItem = anyText.map(
  (text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"`,
);
const hstore = fc
  .array(fc.tuple(hstoreItem, fc.oneof({ weight: 4, arbitrary: hstoreItem }, fc.constant('NULL'))), {
    maxLength: 6,
  })
  .map((pairs) => pairs.map(([key, value]) => `${key}=>${value}`).join(', '));
const oddPairs = oddTexts.map((text) => JSON.stringify(text.replaceAll('\\', '')).slice(1, -1));

const label = fc.string({ unit: fc.constantFrom(...'abcXYZ019_'), minLength: 1, maxLength: 10 });
const jsonpathKey = fc
  .string({ unit: fc.constantFrom(...'ab "\\é😀'), maxLength: 10 })
  .map((text) => JSON.stringify(text));

export const searchTypes: readonly PlainTypeEntry[] = [
  plainType('tsvector', ['', "'a b':1A 'it''s' 'back\\\\slash'", '\'say "hi"\':2,3B'], tsvector),
  plainType('tsquery', ['', "'a' & !'b c'", "'it''s':*AB <-> ('d' | 'e')"], tsquery),
  plainType(
    'jsonpath',
    ['$."a"[*] ? (@ > 1)', 'strict $.a', '$', '"text\\n"', '1.50'],
    jsonpathKey.map((key) => `$.${key}[*] ? (@ like_regex "^a")`),
  ),
  plainType(
    'hstore',
    [
      '',
      '"a"=>"1", "b"=>NULL',
      'a=>1,aa=>2,b=>3',
      '"1"=>"t"',
      '"__proto__"=>"NULL"',
      `"\\"q\\\\"=>"${oddPairs[4] ?? ''}"`,
    ],
    hstore,
    { extension: 'hstore' },
  ),
  plainType(
    'ltree',
    ['', 'Top.Science.Astronomy', 'a'],
    fc.array(label, { maxLength: 5 }).map((parts) => parts.join('.')),
    {
      extension: 'ltree',
    },
  ),
  plainType('lquery', ['*.a.*{1,2}', 'a|b', '!x@*'], undefined, { extension: 'ltree' }),
  plainType('ltxtquery', ['a & b*', '!c@'], undefined, { extension: 'ltree' }),
  plainType('query_int', ['1&(2|3)', '!4'], undefined, { extension: 'intarray' }),
  plainType('ean13', ['978-0-393-04002-9', '4006381333931'], undefined, { extension: 'isn' }),
  plainType('isbn', ['0-393-04002-X'], undefined, { extension: 'isn' }),
];
