// docs/protocol.md names, for each rule, the tests that fail without it and the files where it stands: all of them are there.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/protocol.md', root), 'utf8');

interface NamedTest {
  readonly file: string;
  readonly title: string;
}

/** The lines of the form - `test/….test.ts`: “title” */
const namedTests = [...page.matchAll(/^- `(test\/\S+\.test\.ts)`: “(.+)”$/gm)].map(
  ([, file = '', title = '']): NamedTest => ({ file, title }),
);
const sections = page.split(/^###? /m).filter((section) => section.includes('*Without'));

/** Whether it is what a call begins with: a test's first argument, not a text somewhere in the file. */
function hasTest({ file, title }: NamedTest): boolean {
  const path = new URL(file, root);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8');
  return ["'", '"', '`'].some((quote) =>
    source.replaceAll(/\(\s+/g, '(').includes(`(${quote}${title}${quote},`),
  );
}

test('every test that the page names exists, under exactly that name', () => {
  expect(namedTests.length).toBeGreaterThanOrEqual(90);
  expect(namedTests.filter((named) => !hasTest(named))).toEqual([]);
});

test('no mention of a test is left out for its form', () => {
  const mentioned = [...page.matchAll(/^- `test\//gm)];
  expect(mentioned).toHaveLength(namedTests.length);
});

test('each rule that says what goes wrong without it has a test', () => {
  expect(sections.length).toBeGreaterThanOrEqual(20);
  const untested = sections.filter((section) => !section.includes('\n- `test/'));
  expect(untested.map((section) => section.split('\n', 1)[0])).toEqual([]);
});

test('every file that the page names exists, and what it names in one stands there', () => {
  const files = [...page.matchAll(/`((?:src|sql|test)\/[^`\s*]+\.\w+)`(?: \(`(\w+)`\))?/g)];
  const wrong = files.filter(([, file = '', name = '']) => {
    const path = new URL(file, root);
    return !existsSync(path) || !readFileSync(path, 'utf8').includes(name);
  });
  expect(wrong.map(([whole]) => whole)).toEqual([]);
});
