// hstore's text, `"a"=>"1", "b"=>NULL`, to the object that its cast to json makes of it, as jsonb prints that. Its keys
// are in jsonb's order already.

import { quote, type Encode } from './encode-scalar.ts';

const pair = /"([^"\\]*(?:\\.[^"\\]*)*)"=>(?:"([^"\\]*(?:\\.[^"\\]*)*)"|NULL)/gs;

export const hstore: Encode = (text) => {
  const members: string[] = [];
  for (const [, key = '', value] of text.matchAll(pair)) {
    members.push(`${plain(key)}: ${value === undefined ? 'null' : plain(value)}`);
  }
  return `{${members.join(', ')}}`;
};

function plain(text: string): string {
  return quote(text.replace(/\\(.)/gs, '$1'));
}
