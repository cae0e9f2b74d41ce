// The pages' links to one another lead somewhere, and each word for what became of a delivery is explained.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const pages = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })];

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** As GitHub makes them of headings. */
function anchors(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchors(read(target)).includes(anchor);
}

test.each(pages)('every link of %s leads somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const inside = links.filter((link) => !/^\w+:/.test(link));
  expect(inside.filter((link) => isBroken(page, link))).toEqual([]);
});

test('docs/guarantees.md explains every class of failure and every reason to drop', () => {
  const outcomes = read('src/delivery/outcome.ts');
  const types = [/type FailureClass =([^;]+);/, /kind: 'dropped';\s+readonly reason:([^}]+)}/];
  const words = types.flatMap((type) => [...(type.exec(outcomes)?.[1] ?? '').matchAll(/'(\w+)'/g)]);
  expect(words.length).toBeGreaterThanOrEqual(11);
  const page = read('docs/guarantees.md');
  expect(words.map(([, word = '']) => word).filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
});
