// /metrics of a service at work: what it counts is what happened, and no series grows with webhooks or companies.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { http } from '../support/http.ts';
import { waitUntil } from '../support/wait.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.job (id int primary key, tenant text not null);
      select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  });
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function scrape(): Promise<Map<string, number>> {
  const { statusCode, headers, body } = await http(`${scene.service.httpUrl}/metrics`);
  expect([statusCode, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')]);
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

test('what it counts is what happened', async () => {
  await scene.createWebhook({ name: 'ok', table: 'job', company: 'acme' });
  await scene.createWebhook({ name: 'refused', table: 'job', company: 'acme', url: 'http://127.0.0.1:9/' });
  const before = await scrape();
  const grown = (now: Map<string, number>, name: string): number =>
    (now.get(name) ?? 0) - (before.get(name) ?? 0);
  await scene.app(
    `insert into erp.job select i, 'acme' from generate_series(1, 5) i`,
    `insert into erp.job select i, 'nobody' from generate_series(6, 8) i`,
  );
  await scene.waitForCounts('ok', { claimed: 5, success: 5 });
  await scene.waitForCounts('refused', { claimed: 5, error: 5 });
  const now = await scrape();
  expect(grown(now, 'rowhook_changes_read_total')).toBeGreaterThanOrEqual(8);
  expect(grown(now, 'rowhook_changes_matched_total')).toBe(5);
  expect(grown(now, 'rowhook_deliveries_total{outcome="delivered",class="2xx"}')).toBe(5);
  expect(grown(now, 'rowhook_deliveries_total{outcome="failed",class="refused"}')).toBe(5);
  for (const of of ['read_to_claim_seconds', 'read_to_answer_seconds', 'post_duration_seconds']) {
    expect(grown(now, `rowhook_${of}_count`)).toBe(10);
    expect(grown(now, `rowhook_${of}_bucket{le="+Inf"}`)).toBe(10);
  }
  expect(grown(now, 'rowhook_claim_batch_size_sum')).toBe(10);
  expect(now.get('rowhook_leader')).toBe(1);
  expect(now.get('rowhook_term')).toBe(1);
  expect(now.get('rowhook_database_up')).toBe(1);
  expect(now.get('rowhook_slot_active')).toBe(1);
  expect(now.get('rowhook_slot_read_seconds_ago')).toBeGreaterThanOrEqual(0);
  expect(now.get('rowhook_slot_wal_status{status="reserved"}')).toBe(1);
  expect(now.get('rowhook_deliveries_in_flight')).toBe(0);
  expect(now.get('rowhook_backlog_deliveries')).toBe(0);
  expect(now.get('rowhook_lag_seconds')).toBeLessThan(60);
  expect(now.get('rowhook_process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
});

/** Node's own of a kind of garbage collection comes with the first one of that kind, whatever the service does. */
async function series(): Promise<string[]> {
  return [...(await scrape()).keys()].filter((name) => !name.includes('_nodejs_gc_')).sort();
}

test('more webhooks and companies make no more series', async () => {
  const before = await series();
  for (let i = 0; i < 20; i++) await scene.createWebhook({ name: `w${i}`, table: 'job', company: `c${i}` });
  await scene.app(
    ...Array.from({ length: 20 }, (_, i) => `insert into erp.job values (${100 + i}, 'c${i}')`),
  );
  await scene.waitForCounts('w19', { claimed: 1, success: 1 });
  await waitUntil(async () => (await scrape()).get('rowhook_deliveries_in_flight') === 0, {
    describe: 'every delivery to be over',
  });
  expect(await series()).toEqual(before);
});

test('what a histogram counts up to a bound holds all below it', async () => {
  const samples = await scrape();
  const buckets = [...samples]
    .filter(([name]) => name.startsWith('rowhook_post_duration_seconds_bucket'))
    .map(([, n]) => n);
  expect(buckets.length).toBeGreaterThan(5);
  expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
  expect(buckets.at(-1)).toBe(samples.get('rowhook_post_duration_seconds_count'));
});
