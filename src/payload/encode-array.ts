// A Postgres array's text to a JSON array, of any dimension and with any lower bounds (which are dropped).
// https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO

import { quote, type Encode } from './encode-scalar.ts';
import { requireWithinLimit } from './payload-too-large.ts';
import { endOfQuoted, unescaped } from './quoted.ts';

const openBrace = 0x7b;
const closeBrace = 0x7d;
const doubleQuote = 0x22;

/** `item` encodes one item that is not NULL; `delimiter` stands between items (pg_type.typdelim). */
export function array(item: Encode, delimiter: string): Encode {
  const comma = delimiter.charCodeAt(0);
  return (text) => {
    const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
    if (text.charCodeAt(start) !== openBrace) return quote(text);
    let json = '';
    let at = start;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === openBrace || code === closeBrace || code === comma) {
        json += code === openBrace ? '[' : code === closeBrace ? ']' : ',';
        at += 1;
      } else if (code === doubleQuote) {
        const end = endOfQuoted(text, at + 1);
        json += item(unescaped(text.slice(at + 1, end)));
        at = end + 1;
      } else {
        const end = endOfBare(text, at, comma);
        const bare = text.slice(at, end);
        json += bare === 'NULL' ? 'null' : item(bare);
        at = end;
      }
      requireWithinLimit(json);
    }
    return json;
  };
}

/** Where the delimiter or the closing brace stands. */
function endOfBare(text: string, start: number, comma: number): number {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === comma || code === closeBrace) break;
    at += 1;
  }
  return at;
}
