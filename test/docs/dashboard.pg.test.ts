// Grafana takes docs/grafana/rowhook.json, and each of its expressions, like those of the alerts, asks for what a service at work
// prints: metric, label and value.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expressionsOf, panelsOf, readDashboard, type Panel } from '../prometheus/dashboard.ts';
import { namedIn } from '../prometheus/expression.ts';
import { openScene, type Scene } from '../service/scene.ts';
import { http } from '../support/http.ts';

const dashboard = readDashboard();
let scene: Scene;
/** Of each series that is printed its labels; of a metric without one yet none. */
let printed: Map<string, Set<string>>;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create table job (id int primary key, "companyId" text not null);
      select rowhook.enable_table('job')`);
  });
  await scene.createWebhook({ name: 'ok', table: 'job', company: 'acme' });
  await scene.app(`insert into job values (1, 'acme')`);
  await scene.waitForCounts('ok', { claimed: 1, success: 1 });
  printed = readMetrics((await http(`${scene.service.httpUrl}/metrics`)).body);
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

function readMetrics(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const known = text.matchAll(/^(?:# HELP )?(rowhook_\w+)(?:\{(.*)\})? .*$/gm);
  for (const [, name = '', labels = ''] of known) {
    const all = found.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) all.add(label);
    found.set(name, all);
  }
  return found;
}

/** Prometheus adds these two to whatever it scrapes. */
const added = ['job', 'instance'];

function readRules(): string[] {
  const rules = readFileSync(new URL('../../docs/prometheus/rowhook.rules.yml', import.meta.url), 'utf8');
  return [...rules.matchAll(/^ +expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)/gm)].map(
    ([, block, line]) => block ?? line ?? '',
  );
}

const expressions = [...expressionsOf(dashboard), ...readRules()];

test('there are many of them, of the dashboard and of the alerts', () => {
  expect(panelsOf(dashboard).length).toBeGreaterThanOrEqual(25);
  expect(readRules().length).toBeGreaterThanOrEqual(10);
});

test.each(expressions)('what it asks for is printed: %s', (expression) => {
  const { metrics, labels } = namedIn(expression);
  expect(metrics.length).toBeGreaterThan(0);
  expect(metrics.filter((metric) => !printed.has(metric))).toEqual([]);
  const there = [...added, ...metrics.flatMap((metric) => [...(printed.get(metric) ?? [])])];
  expect(labels.filter((label) => !there.includes(label))).toEqual([]);
});

/** Of `outcome` what the sources know, of `status` what Postgres calls it, or that there is no slot. */
const values: Readonly<Record<string, readonly string[]>> = {
  outcome: [...read('src/delivery/outcome.ts').matchAll(/kind: '(\w+)'/g)].map(([, kind = '']) => kind),
  status: ['reserved', 'extended', 'unreserved', 'lost', 'missing'],
};

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

test('each value that a label is compared with is one that it can have', () => {
  expect(values['outcome']).toContain('delivered');
  const compared = expressions
    .flatMap((expression) => namedIn(expression).matchers)
    .filter(({ label }) => !added.includes(label));
  expect(compared.length).toBeGreaterThan(3);
  for (const { label, value } of compared) {
    expect(values[label], label).toEqual(expect.arrayContaining(value.split('|')));
  }
});

test('a legend speaks of labels that are left after the sum', () => {
  for (const { targets } of panelsOf(dashboard)) {
    for (const { legendFormat, expr } of targets) {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      const kept = /\bby \(/.test(expr) ? namedIn(expr).labels : added;
      expect(named.filter((label) => !kept.includes(label))).toEqual([]);
    }
  }
});

test('every metric of ours is on it', () => {
  const shown = new Set(expressionsOf(dashboard).flatMap((expression) => namedIn(expression).metrics));
  const ours = [...printed.keys()].filter((name) => !/^rowhook_(process|nodejs)_/.test(name));
  const isShown = (name: string): boolean => [...shown].some((each) => each.startsWith(name));
  const histograms = /_(bucket|sum|count)$/;
  expect(ours.filter((name) => !histograms.test(name) && !isShown(name))).toEqual([]);
});

test('jobs and instances are chosen from a metric that every process prints', () => {
  const [, ...variables] = dashboard.templating.list;
  for (const { query } of variables) {
    const [, metric = ''] = /^label_values\((\w+)/.exec(query.query) ?? [];
    expect(printed.has(metric)).toBe(true);
  }
  for (const expr of panelsOf(dashboard).flatMap(({ targets }) => targets.map((target) => target.expr))) {
    const selectors = expr.match(/rowhook_\w+/g)?.length;
    expect(expr.match(/\{job=~"\$job",instance=~"\$instance"/g)?.length, expr).toBe(selectors);
  }
});

test('no two panels have one id, overlap, or reach over the edge', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { gridPos, title } of panels) expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
  const pairs = panels.flatMap((one, at) => panels.slice(at + 1).map((other) => [one, other] as const));
  expect(pairs.filter(([one, other]) => overlap(one.gridPos, other.gridPos))).toEqual([]);
});

function overlap(one: Panel['gridPos'], other: Panel['gridPos']): boolean {
  return (
    one.x < other.x + other.w &&
    other.x < one.x + one.w &&
    one.y < other.y + other.h &&
    other.y < one.y + one.h
  );
}

test('its rows are in the order in which an operator looks', () => {
  const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
  expect(rows).toEqual([
    'Does anything need attention?',
    'Is the pipeline late?',
    'Throughput',
    'Outcomes',
    'Latency',
    'What waits',
    'Log that Postgres keeps',
    'The process',
  ]);
});
