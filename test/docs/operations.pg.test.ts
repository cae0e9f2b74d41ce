// The metrics that docs/operations.md and the alerts speak of are there, under exactly these names.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiHere, type ApiHere } from '../http/api-here.ts';

let api: ApiHere;
let names: Set<string>;

beforeAll(async () => {
  api = await startApiHere();
  const { text } = await api.ask('GET', '/metrics');
  names = new Set([...text.matchAll(/^# HELP (\S+)/gm)].map(([, name = '']) => name));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

function read(path: string): string {
  return readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8');
}

test.each(['operations.md', 'prometheus/rowhook.rules.yml'])('%s names metrics that there are', (path) => {
  const named = new Set(read(path).match(/\browhook_[a-z_]+[a-z]\b(?!…)/g) ?? []);
  expect(named.size).toBeGreaterThan(5);
  expect([...named].filter((name) => !names.has(name))).toEqual([]);
});

test('every metric of ours is in docs/operations.md', () => {
  const page = read('operations.md');
  const short = (name: string): string => name.replace(/^rowhook_backlog/, '');
  const ours = [...names].filter((name) => !/^rowhook_(process|nodejs)_/.test(name));
  expect(
    ours.filter(
      (name) =>
        !page.includes(`${name}\``) && !page.includes(`${name}{`) && !page.includes(`\`${short(name)}\``),
    ),
  ).toEqual([]);
});

test('every alert is in docs/operations.md, and none that is not there', () => {
  const alerts = [...read('prometheus/rowhook.rules.yml').matchAll(/alert: (\w+)/g)].map(([, name]) => name);
  const told = [...read('operations.md').matchAll(/^\| (Rowhook\w+) \|/gm)].map(([, name]) => name);
  expect(told).toEqual(alerts);
});
