/** Makes a fault happen, and mends what it broke: afterwards a service, Postgres and the endpoint run again or are starting. */
import { setTimeout as pass } from 'node:timers/promises';
import type { EmbeddedPostgres } from '../../../src/embedded-postgres.ts';
import type { InstalledDatabase } from '../../support/installed-database.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { waitUntil, within } from '../../support/wait.ts';
import { crashPostgres, kill } from '../crash.ts';
import { walSenderPid } from '../orders.ts';
import type { Endpoint } from './endpoint.ts';
import type { Fault, FaultKind } from './faults.ts';
import type { Instance, Services } from './services.ts';

export interface BreakerParts {
  readonly postgres: EmbeddedPostgres;
  readonly database: InstalledDatabase;
  readonly services: Services;
  readonly endpoint: Endpoint;
  readonly endpointProxy: TcpProxy;
  readonly slot: string;
}

type Actions = Readonly<Record<FaultKind, (fault: Fault) => Promise<void>>>;

const patienceMs = 60_000;

export class Breaker {
  readonly #parts: BreakerParts;
  readonly #actions: Actions;
  readonly troubles: string[] = [];

  constructor(parts: BreakerParts) {
    this.#parts = parts;
    this.#actions = this.#allActions();
  }

  /** What does not come back by itself is noted, and does not end the run. */
  async break(fault: Fault): Promise<void> {
    try {
      if (fault.whenReady) await this.#parts.services.untilReady(patienceMs);
      await pass(fault.afterMs);
      await this.#actions[fault.kind](fault);
    } catch (error) {
      this.troubles.push(`after "${fault.kind}": ${String(error)}`);
    }
    await this.mend(fault.withStandby);
  }

  /** Everything runs, or starts. */
  async mend(withStandby = false): Promise<void> {
    const { services, endpointProxy, postgres } = this.#parts;
    for (const { service } of services.running) service.signal('SIGCONT');
    await postgres.start();
    for (const proxy of [...services.proxies, endpointProxy]) proxy.pass();
    if (services.running.length === 0) services.start();
    if (withStandby && services.running.length === 1) services.start();
  }

  #allActions(): Actions {
    const { postgres, endpoint, endpointProxy } = this.#parts;
    return {
      'kill service': async () => await this.#killService(),
      'service dies at a step': async ({ failpoint }) => await this.#dieAt(failpoint),
      'service dies while it takes over': async ({ failpoint }) => await this.#dieAt(failpoint),
      'kill standby': async () => await this.#killStandby(),
      'kill walsender': async () => {
        const pid = await this.#walSender();
        if (pid !== null) kill(pid);
      },
      'terminate walsender': async () => await this.#terminateWalSender(),
      'kill Postgres': async () => {
        await crashPostgres(postgres);
        await postgres.start();
      },
      'stop Postgres at once': async () => {
        await postgres.stop('immediate');
        await postgres.start();
      },
      'kill Postgres and service': async () => {
        await Promise.all([crashPostgres(postgres), this.#killService()]);
        await postgres.start();
      },
      'kill endpoint': async () => {
        await endpoint.kill();
        await endpoint.start();
      },
      'endpoint answers and dies': async () => {
        await within(endpoint.dieAfterNextAnswer(), { timeoutMs: 5_000, describe: 'its last answer' }).catch(
          async () => await endpoint.kill(),
        );
        await endpoint.start();
      },
      'freeze service': async ({ forMs }) => await this.#freeze(forMs, false),
      'freeze service, standby takes over': async ({ forMs }) => await this.#freeze(forMs, true),
      'cut database lines': async () => this.#line().cut(),
      'cut after a claim went out': async () => await this.#cutAfter('rowhook_append'),
      'cut after a fold went out': async () => await this.#cutAfter('rowhook_fold'),
      'stall database lines': async ({ direction, forMs }) => {
        this.#line().stall(direction);
        await pass(forMs);
      },
      'half-close database lines': async ({ direction, forMs }) => {
        this.#line().halfClose(direction);
        await pass(forMs);
      },
      'cut endpoint lines': async () => endpointProxy.cut(),
      'stall endpoint lines': async ({ direction, forMs }) => {
        endpointProxy.stall(direction);
        await pass(forMs);
      },
      'half-close endpoint lines': async ({ direction, forMs }) => {
        endpointProxy.halfClose(direction);
        await pass(forMs);
      },
      'refuse endpoint lines': async ({ forMs }) => {
        endpointProxy.cut();
        endpointProxy.refuse();
        await pass(forMs);
      },
    };
  }

  #leader(): Instance {
    const { services } = this.#parts;
    return services.leader ?? services.start();
  }

  #line(): TcpProxy {
    return this.#leader().proxy;
  }

  async #killService(): Promise<void> {
    await this.#parts.services.kill(this.#leader().service);
  }

  async #killStandby(): Promise<void> {
    const { services } = this.#parts;
    const standby = services.running.find(({ service }) => service !== services.leader?.service);
    await services.kill((standby ?? this.#leader()).service);
  }

  /** Another service that leads until it comes there; one that never does is killed. */
  async #dieAt(failpoint: string): Promise<void> {
    const { services } = this.#parts;
    for (const { service } of services.running) await services.kill(service);
    const { service } = services.start(failpoint);
    await within(service.exited, { timeoutMs: 4_000, describe: failpoint }).catch(
      async () => await services.kill(service),
    );
  }

  async #freeze(forMs: number, isTakenOver: boolean): Promise<void> {
    const { services } = this.#parts;
    const frozen = this.#leader().service;
    const standby = services.running.find(({ service }) => service !== frozen) ?? services.start();
    frozen.signal('SIGSTOP');
    if (isTakenOver) await this.#giveSlotTo(standby);
    await pass(forMs);
    frozen.signal('SIGCONT');
    if (!isTakenOver) await services.kill(standby.service);
  }

  /**
   * Ends the leader's walsender, as the server would when it no longer hears it. Again until the slot is free: one whose frozen client
   * takes nothing more hangs in writing its farewell, and the second time does without.
   */
  async #giveSlotTo({ service }: Instance): Promise<void> {
    const endsAt = performance.now() + patienceMs;
    for (;;) {
      await this.#terminateWalSender();
      try {
        await service.ready({ timeoutMs: 3_000 });
        return;
      } catch (error) {
        if (performance.now() > endsAt) throw error;
      }
    }
  }

  async #terminateWalSender(): Promise<void> {
    const pid = await this.#walSender();
    if (pid !== null) await this.#parts.database.admin.query('select pg_terminate_backend($1)', [pid]);
  }

  async #walSender(): Promise<number | null> {
    const { database, slot } = this.#parts;
    const endsAt = performance.now() + 5_000;
    return await waitUntil(
      async () => {
        const pid = await walSenderPid(database, slot).catch(() => null);
        return pid === null && performance.now() < endsAt ? null : { pid };
      },
      { timeoutMs: patienceMs, describe: 'the walsender' },
    ).then(({ pid }) => pid);
  }

  /** Between the statement going out and its answer; not at all when none goes out soon. */
  async #cutAfter(pattern: string): Promise<void> {
    await within(this.#line().cutAfter({ pattern }), { timeoutMs: 3_000, describe: pattern }).catch(
      () => undefined,
    );
  }
}
