// Texts in double quotes in which a backslash stands before what it escapes: in arrays, in hstore and in JSON.

const special = /["\\]/g;

/** Where the closing quote stands, for a text whose opening quote stands before `start`; past the end where there is none. */
export function endOfQuoted(text: string, start: number): number {
  special.lastIndex = start;
  for (;;) {
    const at = special.exec(text)?.index;
    if (at === undefined) return text.length;
    if (text[at] === '"') return at;
    special.lastIndex = at + 2;
  }
}

/** As arrays and hstore escape: whatever stands after a backslash is meant. */
export function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gs, '$1') : text;
}
