// README.md's table of the environment is the schema's: every variable, with the default that it has. Other pages repeat some of them.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readConfig, type Config } from '../../src/config.ts';

const root = new URL('../../', import.meta.url);
/** Of this one the pages say nothing. */
const forTestsOnly = 'ROWHOOK_FAILPOINT';

function read(env: Readonly<Record<string, string>>): Config {
  return readConfig(env, { needsDatabase: false }).config;
}

/** A variable for each name in a row's first cell; `fallback` null where the row has a dash. */
function variables(page: string): { name: string; fallback: string | null }[] {
  const rows = readFileSync(new URL(page, root), 'utf8').matchAll(/^\| (`[A-Z].*?) \| (.*?) \|/gm);
  return [...rows].flatMap(([, names = '', fallback = '']) =>
    [...names.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => ({
      name,
      fallback: fallback === '–' ? null : (/^`?([^` ]+)/.exec(fallback)?.[1] ?? ''),
    })),
  );
}

const schema = readFileSync(new URL('src/config.ts', root), 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+): /gm);
const known = [...schema].map(([, name = '']) => name).filter((name) => name !== forTestsOnly);
const readme = variables('README.md');

test('every variable of the environment is in the README, once, and no other is', () => {
  expect(known).toContain('ROWHOOK_SLOT');
  expect(readme.map(({ name }) => name).sort()).toEqual(known.toSorted());
});

test.each([...readme, ...variables('docs/guarantees.md')])(
  '$name is by default what the page says: $fallback',
  ({ name, fallback }) => {
    if (fallback !== null) {
      expect(read({ [name]: fallback })).toEqual(read({}));
      return;
    }
    const key = name.replace('ROWHOOK_', '').toLowerCase();
    const value = Reflect.get(
      read({}),
      key.replaceAll(/_./g, (match) => match.slice(1).toUpperCase()),
    ) as unknown;
    expect([undefined, '', []]).toContainEqual(value);
  },
);
