// /v1/events of real services: leader and standby tell the same, and neither is kept from ending by those who listen.
import { expect, test } from 'vitest';
import { listen, type Listener } from '../support/listen.ts';
import { startService } from '../support/service-process.ts';
import { openScene } from './scene.ts';

const table = `
  create schema erp;
  create table erp.job (id int primary key, tenant text not null);
  select rowhook.enable_table('erp.job', company_column => 'tenant')`;

test('leader and standby tell of a delivery, and end their streams at once when they are stopped', async () => {
  await using scene = await openScene(async ({ dba }) => {
    await dba.query(table);
  });
  await scene.createWebhook({ name: 'w', table: 'job', company: 'acme' });
  await using standby = startService({
    databaseUrl: scene.database.serviceUrl,
    env: { ROWHOOK_SLOT: scene.service.slot },
  });
  await standby.listening();
  using one = await listen(`${scene.service.httpUrl}/v1/events`);
  using other = await listen(`${standby.httpUrl}/v1/events`);
  await scene.app(`insert into erp.job values (1, 'acme')`);
  await scene.waitForCounts('w', { claimed: 1, success: 1 });
  const told = async (listener: Listener): Promise<unknown> => {
    await listener.waitFor('webhook', ({ successCount }) => successCount === 1);
    await listener.waitFor(
      'status',
      ({ leader }) => (leader as { pid: number } | null)?.pid === scene.service.pid,
    );
    const { id, data } = await listener.waitFor('delivery');
    return [id, data];
  };
  const expected = [
    expect.any(String),
    expect.objectContaining({ webhookId: 'w', outcome: 'delivered', key: '1' }),
  ];
  expect(await told(one)).toEqual(expected);
  expect(await told(other)).toEqual(await told(one));
  for (const [service, listener] of [
    [standby, other],
    [scene.service, one],
  ] as const) {
    expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    await listener.ended();
    expect(listener.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'stopping' } });
  }
});
