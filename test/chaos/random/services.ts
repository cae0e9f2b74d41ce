/** One service or two beside each other, each with a line of its own to Postgres, and what is known of how they ended. */
import { startService, type Exit, type ServiceProcess } from '../../support/service-process.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitUntil } from '../../support/wait.ts';
import type { Lead } from './record-order.ts';

export interface Instance {
  readonly service: ServiceProcess;
  readonly proxy: TcpProxy;
}

export class Services implements AsyncDisposable {
  /** Ends that nobody asked for, with the last words. */
  readonly surprises: string[] = [];
  readonly #leadsBefore: Lead[] = [];
  readonly #proxies: readonly [TcpProxy, TcpProxy];
  readonly #running = new Map<TcpProxy, ServiceProcess>();
  readonly #expected = new WeakSet<ServiceProcess>();

  private constructor(proxies: readonly [TcpProxy, TcpProxy]) {
    this.#proxies = proxies;
  }

  static async open(databaseUrl: string): Promise<Services> {
    return new Services([await startTcpProxy(databaseUrl), await startTcpProxy(databaseUrl)]);
  }

  get proxies(): readonly [TcpProxy, TcpProxy] {
    return this.#proxies;
  }

  get running(): readonly Instance[] {
    return [...this.#running].map(([proxy, service]) => ({ service, proxy }));
  }

  /** On a free line. It ends itself where `failpoint` says. */
  start(failpoint?: string): Instance {
    const proxy = this.#proxies.find((each) => !this.#running.has(each));
    if (proxy === undefined) throw new Error('two services run already');
    const env = {
      ROWHOOK_LOG_LEVEL: 'info',
      ...(failpoint === undefined ? {} : { ROWHOOK_FAILPOINT: failpoint }),
    };
    const service = startService({ databaseUrl: proxy.url, env });
    if (failpoint !== undefined) this.#expected.add(service);
    this.#running.set(proxy, service);
    void service.exited.then((exit) => {
      this.#running.delete(proxy);
      this.#leadsBefore.push(...leadsOf(service));
      this.#noteEnd(service, exit);
    });
    return { service, proxy };
  }

  /** The one with the highest term: it leads, unless the slot is on its way to the other. */
  get leader(): Instance | undefined {
    const term = ({ service }: Instance): number =>
      Number(service.logs.findLast(({ msg }) => msg === 'leading')?.['term'] ?? 0);
    return [...this.running].sort((a, b) => term(b) - term(a))[0];
  }

  /** Of all that run and ran. */
  get leads(): readonly Lead[] {
    return [...this.#leadsBefore, ...this.running.flatMap(({ service }) => leadsOf(service))];
  }

  async kill(service: ServiceProcess): Promise<void> {
    this.#expected.add(service);
    await service.kill('SIGKILL');
  }

  /** Until one of them streams, or all are gone. */
  async untilReady(timeoutMs: number): Promise<void> {
    const isReady = async ({ service }: Instance): Promise<boolean> =>
      service.ready({ timeoutMs: 1 }).then(
        () => true,
        () => false,
      );
    await waitUntil(
      async () => {
        if (this.running.length === 0) return true;
        return (await Promise.all(this.running.map(isReady))).includes(true);
      },
      { timeoutMs, describe: () => `a service to be ready:\n${this.lastWords()}` },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.running.map(({ service }) => this.kill(service)));
    await Promise.all(this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  #noteEnd(service: ServiceProcess, { code, signal }: Exit): void {
    if (this.#expected.has(service) && signal === 'SIGKILL') return;
    const lines = service.output.trimEnd().split('\n').slice(-12).join('\n');
    this.surprises.push(
      `a service ended by itself (code ${code}, signal ${signal}); it wrote last:\n${lines}`,
    );
  }

  lastWords(): string {
    return this.running
      .map(({ service }) => service.output.trimEnd().split('\n').slice(-8).join('\n'))
      .join('\n--\n');
  }
}

function leadsOf({ pid, logs }: ServiceProcess): Lead[] {
  return logs
    .filter(({ msg }) => msg === 'leading')
    .map(({ time }) => ({ pid, atMs: Date.parse(String(time)) }));
}
