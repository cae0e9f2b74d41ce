// Reads the examples of docs/payload.md: tables with the columns `SQL` and `JSON`, sql blocks with the json or http blocks that
// follow them, and snippets in other languages. Invariant: nothing that looks like an example is skipped; what cannot be read as one throws.

export interface ValueExample {
  readonly line: number;
  readonly sql: string;
  readonly json: string;
  /** Below the heading that lists differences. */
  readonly differs: boolean;
}

export interface ChangeExample {
  readonly line: number;
  readonly sql: string;
  /** Webhook to the payloads that it receives, in order. */
  readonly payloads: Readonly<Record<string, readonly string[]>>;
  /** What the page shows above a payload: the request line and our headers. */
  readonly heads: Readonly<Record<string, readonly string[]>>;
}

export interface Snippet {
  readonly language: string;
  readonly code: string;
}

export interface Examples {
  readonly setup: string;
  readonly values: readonly ValueExample[];
  readonly changes: readonly ChangeExample[];
  readonly snippets: readonly Snippet[];
  /** The rows of tables without examples, as their cells. */
  readonly settings: readonly (readonly string[])[];
}

interface Block {
  readonly line: number;
  readonly language: string;
  readonly label: string;
  readonly text: string;
}

export function readExamples(markdown: string): Examples {
  const lines = markdown.split('\n');
  const blocks = readBlocks(lines);
  const differencesAt = lines.findIndex((line) => line.startsWith('## Where it differs'));
  if (differencesAt === -1) throw new Error('there is no section about differences');
  const isInBlock = (index: number): boolean =>
    blocks.some(({ line, text }) => index >= line - 1 && index <= line + text.split('\n').length);
  const values: ValueExample[] = [];
  const settings: string[][] = [];
  let header: string[] = [];
  for (const [index, text] of lines.entries()) {
    if (!text.startsWith('|') || isInBlock(index)) {
      if (text.includes(' | ') && !isInBlock(index))
        throw new Error(`line ${index + 1} looks like a table's`);
      header = [];
      continue;
    }
    const cells = cellsOf(text);
    if (header.length === 0) header = cells;
    else if (/^\|[-|]+\|$/.test(text)) continue;
    else if (header.includes('SQL')) values.push(valueOf(index + 1, cells, index > differencesAt));
    else settings.push(cells);
  }
  return { ...readChanges(blocks), values, settings };
}

function cellsOf(row: string): string[] {
  return row
    .slice(1, row.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim());
}

function valueOf(line: number, cells: readonly string[], differs: boolean): ValueExample {
  const [, sql, json] = cells.map((cell) => /^`([^`]+)`$/.exec(cell)?.[1]);
  if (cells.length !== 3 || sql === undefined || json === undefined) {
    throw new Error(`line ${line} is a rule without an example: ${cells.join(' | ')}`);
  }
  return { line, sql, json, differs };
}

function readBlocks(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const opening = /^```(\w+) ?(\w*)$/.exec(lines[index] ?? '');
    if (opening === null) {
      if (lines[index]?.startsWith('```') === true)
        throw new Error(`line ${index + 1}: a block without a language`);
      continue;
    }
    const end = lines.indexOf('```', index);
    if (end === -1) throw new Error(`line ${index + 1}: the block does not end`);
    const [, language = '', label = ''] = opening;
    blocks.push({ line: index + 1, language, label, text: lines.slice(index + 1, end).join('\n') });
    index = end;
  }
  return blocks;
}

function readChanges(blocks: readonly Block[]): Pick<Examples, 'setup' | 'changes' | 'snippets'> {
  let setup = '';
  const changes: {
    line: number;
    sql: string;
    payloads: Record<string, string[]>;
    heads: Record<string, string[]>;
  }[] = [];
  const snippets: Snippet[] = [];
  for (const { line, language, label, text } of blocks) {
    if (language === 'sql' && label === 'setup') setup += text;
    else if (language === 'sql') changes.push({ line, sql: text, payloads: {}, heads: {} });
    else if (language === 'json' || language === 'http') {
      const change = changes.at(-1);
      if (change === undefined || label === '')
        throw new Error(`line ${line}: a payload of no webhook, or without sql before it`);
      const [head, body] = language === 'json' ? [null, text] : halvesOf(text, line);
      change.payloads[label] = body.split('\n');
      if (head !== null) change.heads[label] = head.split('\n');
    } else if (['js', 'py'].includes(language)) snippets.push({ language, code: text });
    else throw new Error(`line ${line}: a block in ${language}`);
  }
  const silent = changes.find(({ payloads }) => Object.keys(payloads).length === 0);
  if (silent !== undefined) throw new Error(`line ${silent.line}: sql without the json that it leads to`);
  return { setup, changes, snippets };
}

function halvesOf(text: string, line: number): [head: string, body: string] {
  const [head, body, ...more] = text.split('\n\n');
  if (head === undefined || body === undefined || more.length > 0)
    throw new Error(`line ${line}: a request is a head, an empty line and a body`);
  return [head, body];
}
