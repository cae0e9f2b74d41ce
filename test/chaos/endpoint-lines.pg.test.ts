import { expect, test } from 'vitest';
import { heldAnswers, openScene, type Scene } from '../service/scene.ts';
import type { Behaviour } from '../support/receiver.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';

interface Line {
  readonly name: string;
  /** Before anything is sent. */
  before?(proxy: TcpProxy): void;
  /** While the endpoint has the request and has not answered. */
  readonly isHeld?: boolean;
  during?(proxy: TcpProxy): void;
  readonly behaviour?: Behaviour;
  /** How the outcome begins. */
  readonly outcome: RegExp;
  readonly received: number;
}

const lines: readonly Line[] = [
  { name: 'untouched', outcome: /^delivered 200/, received: 1 },
  {
    name: 'refused',
    before: (proxy) => proxy.refuse(),
    // Depending on whether the reset comes while it connects or after it wrote.
    outcome: /^(refused|reset)/,
    received: 0,
  },
  {
    name: 'cut-in-the-request',
    before: (proxy) => proxy.cutAfterBytes('toServer', 20),
    outcome: /^reset .*unknown/,
    received: 0,
  },
  {
    name: 'cut-after-the-request',
    isHeld: true,
    during: (proxy) => proxy.cut(),
    outcome: /^reset .*unknown/,
    received: 1,
  },
  {
    name: 'cut-in-the-answer',
    before: (proxy) => proxy.cutAfterBytes('toClient', 10),
    outcome: /^reset .*unknown/,
    received: 1,
  },
  {
    name: 'answer-half-closed',
    isHeld: true,
    during: (proxy) => proxy.halfClose('toClient'),
    outcome: /^reset .*unknown/,
    received: 1,
  },
  {
    name: 'request-half-closed',
    isHeld: true,
    during: (proxy) => proxy.halfClose('toServer'),
    outcome: /^delivered 200/,
    received: 1,
  },
  {
    name: 'answer-stalled',
    before: (proxy) => proxy.stall('toClient'),
    outcome: /^timeout .*unknown/,
    received: 1,
  },
  {
    name: 'request-stalled',
    before: (proxy) => proxy.stall('toServer'),
    outcome: /^timeout .*unknown/,
    received: 0,
  },
  {
    name: 'dies-in-the-answer',
    behaviour: (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half of it');
      setImmediate(() => response.socket?.resetAndDestroy());
      return undefined;
    },
    outcome: /^delivered 200/,
    received: 1,
  },
];

/** What became of the webhook's deliveries, one line for each attempt. */
function outcomes({ service }: Scene, name: string): string[] {
  const attempts = service.logs.filter(
    ({ msg, webhook }) => msg === 'delivery.attempted' && webhook === name,
  );
  return attempts.map(({ outcome }) => String(outcome));
}

test('whatever happens to its line, a delivery is sent once and ends in one outcome', async () => {
  await using scene = await openScene();
  const { receiver } = scene;
  await scene.dba(`create table orders (id int primary key)`, `select rowhook.enable_table('orders', null)`);
  const held = heldAnswers();
  await using open = new AsyncDisposableStack();
  const proxies = new Map<string, TcpProxy>();
  for (const { name, behaviour, isHeld = false } of lines) {
    const proxy = open.use(await startTcpProxy(receiver.url));
    proxies.set(name, proxy);
    if (isHeld) receiver.behave(held.behaviour, `/${name}`);
    else if (behaviour !== undefined) receiver.behave(behaviour, `/${name}`);
    await scene.createWebhook({ name, table: 'orders', company: null, url: `${proxy.url}${name}` });
  }
  const proxyOf = (name: string): TcpProxy => proxies.get(name) ?? expect.fail(name);
  for (const { name, before } of lines) before?.(proxyOf(name));

  await scene.app('insert into orders values (1)');
  for (const { name, isHeld = false, during } of lines) {
    if (isHeld) await scene.waitForBodies(name, 1);
    during?.(proxyOf(name));
  }
  await waitUntil(() => proxyOf('request-half-closed').bytes.toServer > 0, { describe: 'its request' });
  held.release();
  for (const { name } of lines) {
    await waitUntil(() => outcomes(scene, name).length > 0, { describe: `the outcome of ${name}` });
  }
  for (const proxy of proxies.values()) {
    // What a stall held back must not arrive later as something new.
    proxy.cut();
    proxy.pass();
  }
  receiver.behave({ status: 200 });
  for (const { name } of lines) receiver.behave({ status: 200 }, `/${name}`);

  await scene.app('insert into orders values (2)');
  for (const { name, outcome, received } of lines) {
    const isDelivered = outcome.test('delivered 200');
    await scene.waitForCounts(name, { claimed: 2, success: isDelivered ? 2 : 1, error: isDelivered ? 0 : 1 });
    expect(scene.bodies(name).length, name).toBe(received + 1);
    expect(outcomes(scene, name), name).toEqual([expect.stringMatching(outcome), 'delivered 200']);
  }
});
