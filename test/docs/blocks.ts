// The fenced blocks of a page, also those inside a list, as they stand there.

export interface Block {
  /** `sql superuser` has the language sql and the label superuser. */
  readonly language: string;
  readonly label: string;
  readonly text: string;
}

export function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^( *)```(\w+) ?(\w*)\n(.*?)^\1```$/gms)].map(
    ([, indent = '', language = '', label = '', text = '']) => ({
      language,
      label,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}
