// hstore's text, `"a"=>"1", "b"=>NULL`, to the object that its cast to json makes of it, as jsonb prints that. Its keys
// are in jsonb's order already.

import { quote, type Encode } from './encode-scalar.ts';

const stringEnd = /["\\]/g;

export const hstore: Encode = (text) => {
  const members: string[] = [];
  let at = text.indexOf('"');
  while (at !== -1) {
    const keyEnd = endOfString(text, at);
    // After the arrow: a string or NULL.
    const valueAt = keyEnd + '=>'.length;
    const isNull = text[valueAt] !== '"';
    const end = isNull ? valueAt : endOfString(text, valueAt);
    members.push(`${plain(text.slice(at, keyEnd))}: ${isNull ? 'null' : plain(text.slice(valueAt, end))}`);
    at = text.indexOf('"', end);
  }
  return `{${members.join(', ')}}`;
};

/** Where the quoted string that starts here has ended. */
function endOfString(text: string, start: number): number {
  stringEnd.lastIndex = start + 1;
  for (;;) {
    const at = stringEnd.exec(text)?.index;
    if (at === undefined) return text.length;
    if (text[at] === '"') return at + 1;
    stringEnd.lastIndex = at + 2;
  }
}

function plain(quoted: string): string {
  const text = quoted.slice(1, -1);
  return quote(text.includes('\\') ? text.replace(/\\(.)/gs, '$1') : text);
}
