// Reads JSON without losing anything that text can tell: the digits of numbers, the order of keys, keys that come twice.
// On purpose nothing of this is shared with what makes the payload.

export type JsonNode = { readonly raw: string } & (
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, JsonNode])[] }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'scalar' }
);

const token = /\s*([[\]{},:]|"|[^\s[\]{},:"]+)/gsy;

/** Throws where JSON.parse does, with the text. */
export function readJson(text: string): JsonNode {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new Error(`this is not JSON: ${text.slice(0, 500)}`, { cause });
  }
  const reader = new RegExp(token);
  let next = '';
  let start = 0;
  let end = 0;
  const advance = (): void => {
    const match = reader.exec(text);
    next = match?.[1] ?? '';
    start = match === null ? text.length : reader.lastIndex - next.length;
    if (next !== '"') return;
    reader.lastIndex = endOfString(text, start);
    next = text.slice(start, reader.lastIndex);
  };
  const take = (): void => {
    end = start + next.length;
    advance();
  };
  /** Up to the closing bracket, which is taken too. */
  const members = <T>(read: () => T): T[] => {
    const found: T[] = [];
    take();
    while (next !== ']' && next !== '}') {
      if (next === ',') take();
      found.push(read());
    }
    take();
    return found;
  };
  const value = (): JsonNode => {
    const from = start;
    if (next === '[') {
      const items = members(value);
      return { kind: 'array', items, raw: text.slice(from, end) };
    }
    if (next === '{') {
      const entries = members((): readonly [string, JsonNode] => {
        const key = JSON.parse(next) as string;
        take();
        take();
        return [key, value()];
      });
      return { kind: 'object', entries, raw: text.slice(from, end) };
    }
    take();
    return { kind: 'scalar', raw: text.slice(from, end) };
  };
  advance();
  return value();
}

/** Behind the closing quote. In a loop, as a pattern would need memory for each escape of a long text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    at = text.indexOf('"', at);
    let from = at;
    while (text[from - 1] === '\\') from -= 1;
    if ((at - from) % 2 === 0) return at + 1;
  }
}

/** One text for all that is equal: keys sorted, strings escaped alike, no space; numbers as they were written. */
export function canonical(node: JsonNode): string {
  if (node.kind === 'array') return `[${node.items.map(canonical).join(',')}]`;
  if (node.kind === 'scalar') {
    return node.raw.startsWith('"') ? JSON.stringify(JSON.parse(node.raw)) : node.raw;
  }
  const entries = node.entries.map(([key, inner]) => [JSON.stringify(key), canonical(inner)] as const);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, inner]) => `${key}:${inner}`).join(',')}}`;
}

export function entry(node: JsonNode | undefined, key: string): JsonNode | undefined {
  if (node?.kind !== 'object') return undefined;
  return node.entries.find(([name]) => name === key)?.[1];
}

export function keysOf(node: JsonNode): string[] {
  return node.kind === 'object' ? node.entries.map(([key]) => key) : [];
}
