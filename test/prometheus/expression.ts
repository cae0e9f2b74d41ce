// What an expression of PromQL speaks of: the metrics, and the labels with the values that it wants of them. Invariant: nothing is passed
// over; a word that is none of these and no word of PromQL throws.

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Named {
  readonly metrics: readonly string[];
  /** Also those of by (…). */
  readonly labels: readonly string[];
  readonly matchers: readonly Matcher[];
}

const words = new Set(
  'absent and by count deriv histogram_quantile increase max min or rate sum unless without'.split(' '),
);

export function namedIn(expression: string): Named {
  const matchers: Matcher[] = [];
  const labels: string[] = [];
  const outside = expression
    .replaceAll(/\{([^}]*)\}/g, (_, inside: string) => {
      matchers.push(...readMatchers(inside));
      return ' ';
    })
    .replaceAll(/\b(by|without) *\(([^)]*)\)/g, (_, _word, list: string) => {
      labels.push(...list.split(',').map((label) => label.trim()));
      return ' ';
    })
    .replaceAll(/\[[^\]]*\]/g, ' ');
  const names = [...outside.matchAll(/(?<![\w.])[A-Za-z_:][\w:]*/g)].map(([name]) => name);
  const metrics = names.filter((name) => !words.has(name));
  const foreign = metrics.filter((name) => !name.startsWith('rowhook_'));
  if (foreign.length > 0) throw new Error(`"${foreign.join('", "')}" in ${expression}`);
  return { metrics, labels: [...labels, ...matchers.map(({ label }) => label)], matchers };
}

function readMatchers(inside: string): Matcher[] {
  const matcher = /(\w+) *(=~|!~|!=|=) *"([^"]*)" *(?:,|$)/gy;
  const found = [...inside.matchAll(matcher)];
  if (found.map(([text]) => text).join('') !== inside.trim()) throw new Error(`unreadable: {${inside}}`);
  return found.map(([, label = '', operator = '', value = '']) => ({ label, operator, value }));
}
