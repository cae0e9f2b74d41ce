// docs/grafana/rowhook.json as Grafana's classic model has it, as far as it is used: what is not of that shape throws.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const source = z.strictObject({ type: z.literal('prometheus'), uid: z.string().regex(/^\$\{datasource\}$/) });

const gridPos = z.strictObject({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});

const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource: source,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.literal(true).optional(),
  range: z.literal(true).optional(),
});

const row = z.strictObject({
  id: z.int().positive(),
  type: z.literal('row'),
  title: z.string().min(1),
  collapsed: z.literal(false),
  gridPos: gridPos.extend({ x: z.literal(0), w: z.literal(24), h: z.literal(1) }),
  panels: z.tuple([]),
});

const thresholds = z.strictObject({
  mode: z.literal('absolute'),
  // The first one holds from the smallest value on.
  steps: z.tuple(
    [z.strictObject({ color: z.string(), value: z.null() })],
    z.strictObject({ color: z.string(), value: z.number() }),
  ),
});

const panel = z.strictObject({
  id: z.int().positive(),
  type: z.enum(['stat', 'timeseries']),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource: source,
  gridPos,
  fieldConfig: z.strictObject({
    defaults: z.strictObject({
      unit: z.enum(['none', 's', 'bytes', 'cps', 'percentunit']),
      thresholds: thresholds.optional(),
      mappings: z.array(z.looseObject({ type: z.literal('value') })).optional(),
      noValue: z.string().optional(),
      min: z.literal(0).optional(),
      custom: z.record(z.string(), z.unknown()).optional(),
    }),
    overrides: z.tuple([]),
  }),
  options: z.record(z.string(), z.unknown()),
  targets: z.array(target).min(1),
});

const datasourceVariable = z.strictObject({
  name: z.literal('datasource'),
  label: z.string(),
  type: z.literal('datasource'),
  query: z.literal('prometheus'),
  refresh: z.literal(1),
  multi: z.literal(false),
  includeAll: z.literal(false),
});

const labelVariable = z.strictObject({
  name: z.enum(['job', 'instance']),
  label: z.string(),
  type: z.literal('query'),
  datasource: source,
  query: z.strictObject({ query: z.string(), refId: z.string() }),
  refresh: z.literal(2),
  sort: z.literal(1),
  multi: z.literal(true),
  includeAll: z.literal(true),
  allValue: z.literal('.*'),
  current: z.strictObject({
    selected: z.literal(true),
    text: z.tuple([z.literal('All')]),
    value: z.tuple([z.literal('$__all')]),
  }),
});

const schema = z.strictObject({
  // Provisioned: Grafana gives it one.
  id: z.null(),
  uid: z.literal('rowhook'),
  title: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  schemaVersion: z.int().min(36),
  version: z.int(),
  editable: z.boolean(),
  graphTooltip: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  refresh: z.string(),
  time: z.strictObject({ from: z.string(), to: z.literal('now') }),
  timezone: z.literal('browser'),
  annotations: z.strictObject({ list: z.tuple([]) }),
  links: z.tuple([]),
  templating: z.strictObject({ list: z.tuple([datasourceVariable, labelVariable, labelVariable]) }),
  panels: z.array(z.discriminatedUnion('type', [row, panel])),
});

export type Dashboard = z.infer<typeof schema>;
export type Panel = z.infer<typeof panel>;

export function readDashboard(): Dashboard {
  const file = new URL('../../docs/grafana/rowhook.json', import.meta.url);
  return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export function panelsOf({ panels }: Dashboard): Panel[] {
  return panels.filter((each) => each.type !== 'row');
}

/** As Prometheus gets them: Grafana puts in an interval, and what is chosen of jobs and instances. */
export function expressionsOf(dashboard: Dashboard): string[] {
  return panelsOf(dashboard)
    .flatMap(({ targets }) => targets)
    .map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(job|instance)\b/g, '.*'));
}
