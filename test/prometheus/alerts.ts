// `npm run test:alerts`: each alert of docs/prometheus is made to fire once, by Prometheus' own promtool, with the words that it has then;
// and Prometheus reads each expression of the dashboard in docs/grafana.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expressionsOf, readDashboard } from './dashboard.ts';

interface Firing {
  /** Samples a minute apart, as promtool writes them. */
  readonly series: Readonly<Record<string, string>>;
  readonly afterMinutes: number;
  /** Of the series, which the alert keeps. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What stands in place of {{ … }} in its summary. */
  readonly value?: string;
}

const firings: Readonly<Record<string, Firing>> = {
  RowhookDown: { series: { rowhook_leader: '0x10' }, afterMinutes: 5 },
  RowhookDatabaseUnreachable: { series: { rowhook_database_up: '0x10' }, afterMinutes: 5 },
  RowhookLagging: { series: { rowhook_lag_seconds: '120x10' }, afterMinutes: 6, value: '120' },
  RowhookSlotRetainsLog: {
    series: { rowhook_slot_retained_bytes: '21474836480x10' },
    afterMinutes: 6,
    value: '20Gi',
  },
  RowhookSlotNearLimit: { series: { rowhook_slot_seconds_to_limit: '600x10' }, afterMinutes: 1 },
  RowhookSlotLost: {
    series: { 'rowhook_slot_wal_status{status="lost"}': '1x10' },
    afterMinutes: 1,
    labels: { status: 'lost' },
  },
  RowhookBacklogGrows: {
    series: { rowhook_backlog_deliveries: '200000+1000x40' },
    afterMinutes: 35,
    value: '235000',
  },
  RowhookDeliveriesFail: {
    series: {
      'rowhook_deliveries_total{outcome="failed",class="timeout"}': '0+60x40',
      'rowhook_deliveries_total{outcome="delivered",class="2xx"}': '0+60x40',
    },
    afterMinutes: 35,
    value: '50%',
  },
  RowhookBreakersOpen: { series: { rowhook_breakers_open: '3x40' }, afterMinutes: 35, value: '3' },
  RowhookDeliveryLogDropsRows: {
    series: { rowhook_delivery_log_dropped_rows_total: '0+10x20' },
    afterMinutes: 16,
  },
};

const rulesFile = resolve(import.meta.dirname, '../../docs/prometheus/rowhook.rules.yml');

interface Alert {
  readonly name: string;
  readonly severity: string;
  readonly summary: string;
  readonly action: string;
  readonly runbook: string;
}

function readAlerts(): Alert[] {
  const [, ...blocks] = readFileSync(rulesFile, 'utf8').split('- alert: ');
  return blocks.map((block) => ({
    name: /^\w+/.exec(block)?.[0] ?? '',
    severity: /severity: (\w+)/.exec(block)?.[1] ?? '',
    summary: scalar(block, 'summary'),
    action: scalar(block, 'action'),
    runbook: scalar(block, 'runbook_url'),
  }));
}

// One line, plain or in single quotes.
function scalar(block: string, name: string): string {
  const text = new RegExp(`^ +${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
  return text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'") : text;
}

function testOf({ name, severity, summary, action, runbook }: Alert): object {
  const firing = firings[name];
  if (firing === undefined) throw new Error(`nothing makes ${name} fire here`);
  const { series, afterMinutes, labels = {}, value = '' } = firing;
  return {
    interval: '1m',
    input_series: Object.entries(series).map(([each, values]) => ({ series: each, values })),
    alert_rule_test: [
      {
        eval_time: `${afterMinutes}m`,
        alertname: name,
        exp_alerts: [
          {
            exp_labels: { severity, ...labels },
            exp_annotations: {
              summary: summary.replace(/\{\{.*?\}\}/, value),
              action,
              runbook_url: runbook,
            },
          },
        ],
      },
    ],
  };
}

/** promtool checks expressions as those of rules. */
function rulesOf(expressions: readonly string[]): object {
  const rules = expressions.map((expr, at) => ({ record: `panel:${at}`, expr }));
  return { groups: [{ name: 'dashboard', rules }] };
}

const folder = mkdtempSync(join(tmpdir(), 'rowhook-alerts-'));
try {
  const alerts = readAlerts();
  const missing = Object.keys(firings).filter((name) => !alerts.some((alert) => alert.name === name));
  if (missing.length > 0) throw new Error(`no such alert: ${missing.join(', ')}`);
  const file = join(folder, 'alerts.test.yml');
  // JSON is YAML.
  writeFileSync(
    file,
    JSON.stringify({ rule_files: [rulesFile], evaluation_interval: '1m', tests: alerts.map(testOf) }),
  );
  execFileSync('promtool', ['check', 'rules', rulesFile], { stdio: 'inherit' });
  execFileSync('promtool', ['test', 'rules', file], { stdio: 'inherit' });
  process.stdout.write(`${alerts.length} alerts fired, each once.\n`);
  const panels = join(folder, 'dashboard.rules.yml');
  writeFileSync(panels, JSON.stringify(rulesOf(expressionsOf(readDashboard()))));
  execFileSync('promtool', ['check', 'rules', panels], { stdio: 'inherit' });
} catch (error) {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    process.stderr.write(
      'promtool is missing: it comes with Prometheus (Debian: apt-get install prometheus).\n',
    );
    process.exitCode = 2;
  } else if (error instanceof Error && 'status' in error) process.exitCode = 1;
  else throw error;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
