/**
 * One change at a time, a service that freezes at an exact step of its way, and then what crashes: the service (SIGKILL), Postgres
 * (SIGKILL to all its processes), or both. Three databases in one Postgres, one for each, share the row's crash of Postgres;
 * the one whose service alone dies has a Postgres that lives on.
 */
import type { FailpointStep } from '../../src/failpoint.ts';
import { readCounters, type Counters } from '../support/counters.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import { waitUntilFrozen } from './crash.ts';
import {
  confirmedLsn,
  createOrders,
  createWebhook,
  currentLsn,
  insertOrders,
  orderId,
  orderState,
  waitForConfirmed,
} from './orders.ts';

export interface Step {
  readonly failpoint?: FailpointStep;
  /** The endpoint has the request, and answers only once everything runs again. */
  readonly isAnswerHeld?: boolean;
  /** Postgres is told nothing of what it may forget; otherwise, without a failpoint, the step is reached when it was. */
  readonly isConfirmHeld?: boolean;
  /** Postgres has written down what it was told. */
  readonly isCheckpointed?: boolean;
  /**
   * The change goes through the backlog, stored by an earlier service, behind one of the same record whose answer did not come. That
   * one is interrupted, and not part of the result.
   */
  readonly isFromBacklog?: boolean;
}

export interface Result extends Counters {
  readonly received: number;
  readonly interrupted: number;
}

/** One column of the table: a service with its database, webhook and endpoint. */
export class Victim implements AsyncDisposable {
  readonly #database: InstalledDatabase;
  readonly #proxy: TcpProxy;
  readonly #receiver: Receiver;
  #service: ServiceProcess | null = null;
  #order = 0;
  #lsn = '';
  /** Of the order, with the row's change. */
  #state = 'new';
  #before: Result = { received: 0, interrupted: 0, claimed: 0, success: 0, error: 0, missed: 0 };
  #answer = Promise.withResolvers<undefined>();

  private constructor(database: InstalledDatabase, proxy: TcpProxy, receiver: Receiver) {
    this.#database = database;
    this.#proxy = proxy;
    this.#receiver = receiver;
  }

  static async open(adminUrl?: string): Promise<Victim> {
    const [database, receiver] = await Promise.all([createInstalledDatabase(adminUrl), startReceiver()]);
    const proxy = await startTcpProxy(database.serviceUrl);
    await createOrders(database);
    await createWebhook(database, receiver.url);
    return new Victim(database, proxy, receiver);
  }

  /** Begins the next row: a service that will freeze there. */
  async arm(step: Step): Promise<void> {
    await this.killService();
    if (step.isFromBacklog === true) {
      await this.#startStoring();
      return;
    }
    this.#holdAnswers(step);
    await this.#start(step);
    await this.#running().ready();
    this.#before = await this.#totals();
  }

  /** Writes the row's change and waits until the service is frozen at the step. */
  async reach(step: Step): Promise<void> {
    const { failpoint, isAnswerHeld = false, isConfirmHeld = false, isCheckpointed = false } = step;
    if (isConfirmHeld) this.#proxy.stall('toServer', 'replication');
    this.#order += 1;
    await insertOrders(this.#database, this.#order);
    if (step.isFromBacklog === true) await this.#storeUpdate(step);
    this.#lsn = await currentLsn(this.#database);
    const service = this.#running();
    if (isAnswerHeld) await this.#receiver.waitFor(this.#before.received + 1);
    if (failpoint === undefined) {
      await this.#waitForResult({ claimed: 1, success: 1 });
      await this.#untilConfirmed();
      if (isCheckpointed) await this.#checkpoint();
      service.signal('SIGSTOP');
    }
    await waitUntilFrozen(service.pid);
  }

  /** Whether Postgres remembers that it may forget the row's change. */
  async isConfirmed(): Promise<boolean> {
    const [row] = await this.#database.admin.query(`select $1::pg_lsn >= $2::pg_lsn as is_confirmed`, [
      await confirmedLsn(this.#database, this.#running().slot),
      this.#lsn,
    ]);
    return row?.['is_confirmed'] === 't';
  }

  async killService(): Promise<void> {
    await this.#service?.kill('SIGKILL');
  }

  /** The killed one's successor. */
  async startAnother(): Promise<void> {
    this.#proxy.pass();
    await this.#start({});
    await this.#running().ready();
  }

  thaw(): void {
    this.#proxy.pass();
    this.#running().signal('SIGCONT');
  }

  answer(): void {
    this.#answer.resolve(undefined);
  }

  /** What the row's change came to, once it is counted with its outcome and a later one went through. */
  async result(): Promise<Result> {
    this.answer();
    await this.#waitForResult({ claimed: 1 });
    const result = await this.#since();
    this.#order += 1;
    await insertOrders(this.#database, this.#order);
    await this.#receiver.waitFor((request) => orderId(request) === this.#order);
    const ofOrder = this.#receiver.requests.filter((request) => orderId(request) === this.#order - 1);
    return { ...result, received: ofOrder.filter((request) => orderState(request) === this.#state).length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killService();
    await this.#proxy[Symbol.asyncDispose]();
    await this.#receiver[Symbol.asyncDispose]();
  }

  #running(): ServiceProcess {
    if (this.#service === null) throw new Error('no service was started');
    return this.#service;
  }

  async #start({ failpoint }: Step): Promise<void> {
    const env = failpoint === undefined ? {} : { ROWHOOK_FAILPOINT: `${failpoint}:stop` };
    this.#service = startService({ databaseUrl: this.#proxy.url, env });
  }

  #holdAnswers({ isAnswerHeld = false }: Step): void {
    this.#answer = Promise.withResolvers<undefined>();
    if (!isAnswerHeld) this.answer();
    const { promise } = this.#answer;
    this.#receiver.behave(async () => {
      await promise;
      return { status: 200 };
    });
  }

  /** A service that gets no answers. */
  async #startStoring(): Promise<void> {
    this.#state = 'updated';
    this.#holdAnswers({ isAnswerHeld: true });
    await this.#start({});
    await this.#running().ready();
    this.#before = await this.#totals();
  }

  /** Until the update waits in the backlog; then another service, which will freeze. */
  async #storeUpdate(step: Step): Promise<void> {
    const { app, admin } = this.#database;
    await this.#receiver.waitFor(this.#before.received + 1);
    await app.query(`update orders set state = 'updated' where id = $1`, [this.#order]);
    await waitUntil(async () => (await admin.query('select 1 from rowhook.backlog')).length === 1, {
      describe: 'the update to be in the backlog',
    });
    await this.killService();
    const { claimed, error, interrupted, received, ...others } = this.#before;
    this.#before = {
      ...others,
      claimed: claimed + 1,
      error: error + 1,
      interrupted: interrupted + 1,
      received: received + 1,
    };
    this.#holdAnswers(step);
    await this.#start(step);
  }

  async #untilConfirmed(lsn = this.#lsn): Promise<void> {
    await waitForConfirmed(this.#database, { slot: this.#running().slot, lsn });
  }

  // A checkpoint alone does not write a slot whose confirmed position is all that is new: it writes the list of running transactions
  // into the log, and the slot is saved when that is confirmed. From then on the slot keeps nothing before it.
  async #checkpoint(): Promise<void> {
    const { admin } = this.#database;
    await waitUntil(
      async () => {
        await admin.query('checkpoint');
        const [slot] = await admin.query(
          'select restart_lsn >= $2::pg_lsn as is_saved from pg_replication_slots where slot_name = $1',
          [this.#running().slot, this.#lsn],
        );
        return slot?.['is_saved'] === 't';
      },
      { describe: 'the slot to be saved' },
    );
    await admin.query('checkpoint');
  }

  async #waitForResult(wanted: Partial<Result>): Promise<void> {
    let seen = '';
    await waitUntil(
      async () => {
        const result = await this.#since().catch(() => null);
        seen = JSON.stringify(result);
        if (result === null || result.claimed !== result.success + result.error) return false;
        return Object.entries(wanted).every(([name, count]) => result[name as keyof Result] === count);
      },
      { describe: () => `${JSON.stringify(wanted)}; there is ${seen}` },
    );
  }

  async #since(): Promise<Result> {
    const [now, before] = [await this.#totals(), this.#before];
    return {
      claimed: now.claimed - before.claimed,
      success: now.success - before.success,
      error: now.error - before.error,
      missed: now.missed - before.missed,
      interrupted: now.interrupted - before.interrupted,
      received: now.received - before.received,
    };
  }

  async #totals(): Promise<Result> {
    const { admin } = this.#database;
    const [loss] = await admin.query(
      `select coalesce(sum(count) filter (where reason = 'interrupted'), 0) as count from rowhook.loss`,
    );
    return {
      ...(await readCounters(admin)),
      interrupted: Number(loss?.['count']),
      received: this.#receiver.requests.length,
    };
  }
}
