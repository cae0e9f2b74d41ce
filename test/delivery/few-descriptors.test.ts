import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Outcome } from '../../src/delivery/outcome.ts';
import { startDnsServer } from './dns-server.ts';
import { ok, startRawReceiver } from './raw-receiver.ts';

interface Outcomes {
  readonly inTurn: readonly Outcome[];
  readonly byName: readonly Outcome[];
  readonly together: readonly Outcome[];
  readonly after: Outcome;
}

test('without a free file descriptor idle connections give way, then posts fail as such, and the service lives', async () => {
  await using receiver = await startRawReceiver(ok, { host: '0.0.0.0' });
  await using hanging = await startRawReceiver(() => undefined, { host: '0.0.0.0' });
  await using dns = await startDnsServer(({ type }) => (type === 'A' ? ['127.0.0.1'] : []));
  const ports = `${receiver.port} ${hanging.port} ${dns.server}`;
  const script = `ulimit -n 60; exec "$0" test/delivery/few-descriptors.ts ${ports}`;
  const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath]);
  const { inTurn, byName, together, after } = JSON.parse(stdout) as Outcomes;
  const delivered = { kind: 'delivered', status: 200 };
  expect(inTurn).toEqual(inTurn.map(() => delivered));
  expect(byName).toEqual(byName.map(() => delivered));
  expect(receiver.connections.length).toBe(inTurn.length + byName.length + 1);
  const refused = together.filter((outcome) => outcome.kind === 'failed' && outcome.class === 'refused');
  expect(refused.length).toBeGreaterThan(20);
  expect(refused[0]).toMatchObject({ detail: expect.stringContaining('ulimit -n') as string });
  const others = together.filter((outcome) => !refused.includes(outcome));
  expect(others).toEqual(
    others.map(() => expect.objectContaining({ kind: 'failed', class: 'timeout' }) as unknown),
  );
  expect(after).toEqual(delivered);
});
