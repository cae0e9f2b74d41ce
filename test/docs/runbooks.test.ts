// docs/runbooks.md quotes what the product says, and each alert leads to one of its sections.
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blocksOf } from './blocks.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

const page = read('docs/runbooks.md');

/** What the sources may print: strings that are put together are one, and what is put into them is `…`. */
const sources = globSync(['src/**/*.ts', 'sql/*.sql'])
  .map(read)
  .join('\n')
  .replaceAll(/['`] \+\s+['`]/g, '')
  .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…');

/** Between what differs and where sentences are put together; without what is too short to be told apart. */
function partsOf(text: string): string[] {
  return text
    .split(/…|[,;:] /)
    .map((part) => part.trim().replace(/^[;:,.)( ]+|[;:,.)( ]+$/g, ''))
    .filter((part) => part.length > 3);
}

const blocks = blocksOf(page).filter(({ language }) => language === 'text');
const quoted = blocks.flatMap(({ text }) => text.trim().split('\n'));
const [, notStarting = ''] = /^## The service will not start\n(.*?)^## /ms.exec(page) ?? [];
/** Of the table there, the first column. */
const reasons = [...notStarting.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
);

test('there is something to compare', () => {
  expect(quoted.length).toBeGreaterThan(20);
  expect(reasons.length).toBeGreaterThan(15);
});

// What Postgres says, in its own words.
const ofPostgres = ['password authentication failed for user …'];

test.each([...quoted, ...reasons.filter((reason) => !ofPostgres.includes(reason))])(
  'the product says: %s',
  (text) => {
    const parts = partsOf(text.replaceAll('ROWHOOK_…', '…').replaceAll('"rowhook"', '"…"'));
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.filter((part) => !sources.includes(part))).toEqual([]);
  },
);

test('each alert leads to a runbook, the same as docs/operations.md and the page itself name', () => {
  const rules = read('docs/prometheus/rowhook.rules.yml').split('- alert: ').slice(1);
  const inRules = rules.map((rule) => [
    /^\w+/.exec(rule)?.[0],
    /^ +runbook_url: docs\/runbooks\.md#(\S+)$/m.exec(rule)?.[1],
  ]);
  const told = [
    ...read('docs/operations.md').matchAll(/^\| (Rowhook\w+) \|.*\]\(runbooks\.md#([\w-]+)\) \|$/gm),
  ];
  expect(told.map(([, alert, anchor]) => [alert, anchor])).toEqual(inRules);
  const listed = [...page.matchAll(/^\| (Rowhook[\w, ]+) \|.*\]\(#([\w-]+)\) \|$/gm)].flatMap(
    ([, alerts = '', anchor]) => alerts.split(', ').map((alert) => [alert, anchor]),
  );
  expect(listed.sort()).toEqual(inRules.sort());
});

test('each section says what is seen, what to do, when it is over and what is lost', () => {
  const sections = page.split(/^## /m).slice(2);
  expect(sections.length).toBeGreaterThanOrEqual(12);
  const words = [/\*\*You see\*\*/, /\*\*Do\*\*|\| do \||^1\. /m, /\*\*It is over\*\*/, /\blost\b/i];
  for (const section of sections) {
    for (const word of words) expect(section, section.split('\n')[0]).toMatch(word);
  }
});
