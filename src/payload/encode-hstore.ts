// hstore's text, `"a"=>"1", "b"=>NULL`, to the object that its cast to json makes of it, as jsonb prints that. Its keys
// are in jsonb's order already.

import { quote, type Encode } from './encode-scalar.ts';
import { endOfQuoted, unescaped } from './quoted.ts';

export const hstore: Encode = (text) => {
  const members: string[] = [];
  let at = text.indexOf('"');
  while (at !== -1) {
    const keyEnd = endOfQuoted(text, at + 1);
    // After the quote and the arrow: a string or NULL.
    const valueAt = keyEnd + '"=>'.length;
    const isNull = text[valueAt] !== '"';
    const end = isNull ? valueAt : endOfQuoted(text, valueAt + 1);
    const value = isNull ? 'null' : quote(unescaped(text.slice(valueAt + 1, end)));
    members.push(`${quote(unescaped(text.slice(at + 1, keyEnd)))}: ${value}`);
    at = text.indexOf('"', end + 1);
  }
  return `{${members.join(', ')}}`;
};
