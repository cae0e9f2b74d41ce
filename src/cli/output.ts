/** Text for terminals and pipes: aligned tables and check lists. Whatever comes from the database is shown without control characters. */
import { styleText } from 'node:util';
import type { Check } from '../checks/check.ts';
import type { CheckGroup } from '../checks/run-checks.ts';

export interface Terminal {
  /** Its width; undefined where stdout is no terminal: then nothing is cut off or wrapped. */
  readonly columns: number | undefined;
  /** False also on a terminal whose user wants none (NO_COLOR). */
  readonly hasColors: boolean;
}

export type Tone = 'good' | 'warning' | 'bad';

const colors = { good: 'green', warning: 'yellow', bad: 'red' } as const;

function toned(text: string, tone: Tone | undefined, { hasColors }: Pick<Terminal, 'hasColors'>): string {
  if (tone === undefined || !hasColors) return text;
  return styleText(colors[tone], text, { validateStream: false });
}

export interface TableColumn<Row> {
  readonly heading: string;
  value(row: Row): string;
  /** Free text, which may be cut off where the terminal is narrow. */
  readonly isFlexible?: boolean;
  toneOf?(row: Row): Tone | undefined;
}

const narrowestColumn = 10;
const cutMark = '…';

/**
 * Columns as wide as their widest value; the last one is never padded. On a terminal that is too narrow, free text is cut off first, and
 * then the end of the line.
 */
export function formatTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  terminal: Terminal,
): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))));
  const natural = columns.map(({ heading }, index) =>
    Math.max(width(heading), ...cells.map((line) => width(line[index] ?? ''))),
  );
  const flexible = columns.map(({ isFlexible = false }) => isFlexible);
  const { widths, isCut } = fit(natural, flexible, terminal.columns);
  const toLine = (line: readonly string[], tones: readonly (Tone | undefined)[]): string => {
    const shown = line.slice(0, widths.length).map((text, index) => {
      const columnWidth = widths[index] ?? 0;
      const short = cut(text, columnWidth);
      return toned(short, tones[index], terminal) + ' '.repeat(columnWidth - width(short));
    });
    return `${shown.join('  ').trimEnd()}${isCut ? ` ${cutMark}` : ''}`;
  };
  const head = toLine(
    columns.map(({ heading }) => heading),
    [],
  );
  const body = rows.map((row, index) =>
    toLine(
      cells[index] ?? [],
      columns.map((column) => column.toneOf?.(row)),
    ),
  );
  return [head, ...body].join('\n');
}

/** How wide each column may be; those at the end that have no room are left out. */
function fit(
  natural: readonly number[],
  flexible: readonly boolean[],
  columns: number | undefined,
): { readonly widths: readonly number[]; readonly isCut: boolean } {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, each) => sum + each + 2, -2);
  if (columns === undefined || total() <= columns) return { widths, isCut: false };
  while (total() > columns) {
    const longest = Math.max(
      ...widths.filter((each, index) => flexible[index] === true && each > narrowestColumn),
    );
    if (longest === -Infinity) break;
    widths[widths.findIndex((each, index) => flexible[index] === true && each === longest)] = longest - 1;
  }
  if (total() <= columns) return { widths, isCut: false };
  const room = columns - width(` ${cutMark}`);
  while (widths.length > 1 && total() > room) {
    const last = widths.pop() ?? 0;
    const left = room - total() - 2;
    if (left < Math.min(last, narrowestColumn)) continue;
    widths.push(Math.min(last, left));
    break;
  }
  return { widths, isCut: true };
}

function cut(text: string, columns: number): string {
  return width(text) <= columns ? text : `${[...text].slice(0, columns - 1).join('')}${cutMark}`;
}

/** One line per check, what to do below those that are not ok. */
export function formatChecks(checks: readonly Check[], { hasColors }: Terminal): string {
  return layOut(checks, { nameWidth: widest(checks), columns: undefined, hasColors }).join('\n');
}

/** Under a heading each, and at the end what a person has to know first. */
export function formatGroups(groups: readonly CheckGroup[], terminal: Terminal): string {
  const all = groups.flatMap(({ checks }) => checks);
  const nameWidth = Math.min(widest(all), longestName);
  const blocks = groups.map(({ title, checks }) =>
    [title, ...layOut(checks, { ...terminal, nameWidth })].join('\n'),
  );
  return [...blocks, summarize(all)].join('\n\n');
}

/** So long are the names of settings; those of tables and types stand out where they are longer. */
const longestName = 'idle_replication_slot_timeout'.length;
const narrowest = 40;

interface Layout extends Terminal {
  readonly nameWidth: number;
}

const tones = { ok: 'good', warn: 'warning', fail: 'bad' } as const;

function layOut(checks: readonly Check[], { nameWidth, columns, hasColors }: Layout): string[] {
  // In a narrow terminal the names are no column.
  const isNarrow = columns !== undefined && columns < 'warn  '.length + nameWidth + 2 + narrowest;
  const indent = 'warn  '.length + (isNarrow ? 0 : nameWidth + 2);
  return checks.flatMap(({ check, status, detail, remedy }) => {
    const name = printable(check);
    const text = isNarrow ? `${name}: ${printable(detail)}` : printable(detail);
    const [first = '', ...others] = wrap(text, columns === undefined ? undefined : columns - indent);
    const mark = toned(status, tones[status], { hasColors }) + ' '.repeat(4 - status.length);
    const head = `${mark}  ${isNarrow ? '' : `${pad(name, nameWidth)}  `}${first}`;
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
