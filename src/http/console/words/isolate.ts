// Text that somebody else wrote, within ours. A name may hold characters that turn the direction of what follows it: they must end with the name.
// https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates

const open = '\u2068';
const close = '\u2069';
const opening = /[\u2066-\u2068]/;

// What writes from right to left, or controls the direction.
const turning =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]|\p{Bidi_Control}/u;

/** For a sentence, a label or a title: as it is, and set apart where it would rewrite what stands beside it. */
export function isolated(text: string): string {
  return turning.test(text) ? `${open}${balanced(text)}${close}` : text;
}

/** Every isolate that it opens is closed, and none that it did not open. */
export function balanced(text: string): string {
  let depth = 0;
  let whole = '';
  for (const char of text) {
    if (char === close && depth === 0) continue;
    if (char === close) depth -= 1;
    if (opening.test(char)) depth += 1;
    whole += char;
  }
  return whole + close.repeat(depth);
}
