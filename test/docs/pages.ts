/** README.md and the pages of docs/, and what they show as a command of ours. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, type Block } from './blocks.ts';

const root = join(import.meta.dirname, '../..');

export interface PageBlock extends Block {
  readonly page: string;
}

/** Relative to the root. Decisions are not among them: they tell what was true once. */
export const pages = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()];

export function readPage(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

export function blocksIn(languages: readonly string[]): PageBlock[] {
  return pages.flatMap((page) =>
    blocksOf(readPage(page))
      .filter(({ language }) => languages.includes(language))
      .map((block) => ({ ...block, page })),
  );
}

/** `rowhook …` as a shell would read it in the page's sh blocks, and as it stands in its sentences; without the name itself. */
export function commandsOf(page: string): string[] {
  const text = readPage(page);
  const inBlocks = blocksOf(text)
    .filter(({ language }) => language === 'sh')
    .flatMap((block) => block.text.split('\n'))
    .flatMap((line) => [...line.matchAll(/(?:^|\$\(|&& )(?:[A-Z_]+=\S+ )*rowhook ([^#)]*)/g)]);
  const sentences = text.replaceAll(/^( *)```.*?^\1```$/gms, '');
  const inSentences = [...sentences.matchAll(/`(?:[A-Z_]+=\S+ )*rowhook ([^`]+)`/g)];
  return [...inBlocks, ...inSentences].map(([, words = '']) => words.trim());
}
