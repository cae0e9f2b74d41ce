/** Text for terminals: aligned tables and check lists. Whatever comes from the database is shown without control characters. */
import type { Check } from '../checks/check.ts';
import type { CheckGroup } from '../checks/run-checks.ts';

/** Columns as wide as their widest value; the last one is never padded. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((value, column) => pad(value, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line per check, what to do below those that are not ok. */
export function formatChecks(checks: readonly Check[]): string {
  return layOut(checks, { nameWidth: widest(checks), columns: undefined }).join('\n');
}

/** Under a heading each, and at the end what a person has to know first. `columns`: of the terminal, if it is one. */
export function formatGroups(groups: readonly CheckGroup[], columns: number | undefined): string {
  const all = groups.flatMap(({ checks }) => checks);
  const nameWidth = Math.min(widest(all), longestName);
  const blocks = groups.map(({ title, checks }) =>
    [title, ...layOut(checks, { nameWidth, columns })].join('\n'),
  );
  return [...blocks, summarize(all)].join('\n\n');
}

/** So long are the names of settings; those of tables and types stand out where they are longer. */
const longestName = 'idle_replication_slot_timeout'.length;
const narrowest = 40;

interface Layout {
  readonly nameWidth: number;
  readonly columns: number | undefined;
}

function layOut(checks: readonly Check[], { nameWidth, columns }: Layout): string[] {
  // In a narrow terminal the names are no column.
  const isNarrow = columns !== undefined && columns < 'warn  '.length + nameWidth + 2 + narrowest;
  const indent = 'warn  '.length + (isNarrow ? 0 : nameWidth + 2);
  return checks.flatMap(({ check, status, detail, remedy }) => {
    const name = printable(check);
    const text = isNarrow ? `${name}: ${printable(detail)}` : printable(detail);
    const [first = '', ...others] = wrap(text, columns === undefined ? undefined : columns - indent);
    const head = `${pad(status, 4)}  ${isNarrow ? '' : `${pad(name, nameWidth)}  `}${first}`;
    const advice = status === 'ok' || remedy === null ? [] : remedy.split('\n');
    // A remedy is never broken up: it is there to be copied.
    const below = [...others, ...advice.map((line) => `→ ${printable(line)}`)];
    return [head, ...below.map((line) => `${' '.repeat(indent)}${line}`)];
  });
}

function summarize(checks: readonly Check[]): string {
  const count = (status: Check['status']): number => checks.filter((each) => each.status === status).length;
  const [failed, warned] = [count('fail'), count('warn')];
  if (failed + warned === 0) return `all ${checks.length} checks are ok`;
  const parts = [failed > 0 ? `${failed} fail` : '', warned > 0 ? `${warned} warn` : ''];
  return `${parts.filter((part) => part !== '').join(', ')}, ${count('ok')} ok`;
}

function widest(checks: readonly Check[]): number {
  return Math.max(0, ...checks.map((each) => width(printable(each.check))));
}

function wrap(text: string, columns: number | undefined): string[] {
  if (columns === undefined) return [text];
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (width(line) + 1 + width(word) <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

function width(text: string): number {
  return [...text].length;
}
