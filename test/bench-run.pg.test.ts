// The benchmark measures what it says it does; how fast is no matter here.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeEach, expect, inject, test } from 'vitest';
import { openCommitToReceipt } from './bench/commit-to-receipt.ts';
import { Sending } from './bench/sending.ts';
import './support/global-setup.ts';
import { skipOnOtherMajors } from './support/test-postgres.ts';

beforeEach(skipOnOtherMajors);

test(
  'the encode figure is measured, and both sides have made every payload',
  { timeout: 180_000 },
  async () => {
    const run = promisify(execFile);
    const flags = ['--only', 'encode', '--rounds', '1', '--json'];
    const { stdout } = await run(process.execPath, ['test/bench/bench.ts', ...flags]);
    const report = JSON.parse(stdout) as { reports: { name: string; ratio: { median: number } }[] };
    expect(report.reports).toMatchObject([{ name: 'encode' }]);
    expect(report.reports[0]?.ratio.median).toBeGreaterThan(0);
  },
);

test('what is drained, and what the bare loop posts, arrives at the receiver one for one', async () => {
  await using sending = await Sending.open({
    postgresUrl: inject('adminUrl'),
    webhooks: 3,
    payloadBytes: 300,
  });
  const drained = await sending.drain({ count: 500, perTransaction: 7 });
  const bare = await sending.bareLoop(500, 4);
  expect(Buffer.byteLength(sending.body)).toBeGreaterThan(290);
  expect(bare.connections).toBe(4);
  expect(drained.perSecond).toBeGreaterThan(0);
  expect(await sending.receiverLimit(1_000, 4)).toBeGreaterThan(0);
});

test('a change is received after it was sent to be committed, by one clock', async () => {
  await using scene = await openCommitToReceipt(inject('adminUrl'), 'off');
  const { p50, p99 } = await scene.measure(100, 1);
  const { commit, post } = await scene.alone();
  expect(p99).toBeGreaterThanOrEqual(p50);
  expect(Math.min(p50, commit, post)).toBeGreaterThan(0);
});
