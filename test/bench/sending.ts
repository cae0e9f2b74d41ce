// What the figures about sending share: a database with one table and webhooks for it, a cheap receiver, changes that are written while no
// service runs, and the service as a process that then drains them.
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startService } from '../support/service-process.ts';
import type { BareLoop } from './bare-loop.ts';
import type { DeliveryLog } from './figure.ts';
import { createItems, createItemWebhooks, insertItems } from './items.ts';
import { cpuMicros } from './process-cpu.ts';
import { perSecond, startRawReceiver, type RawReceiver } from './raw-receiver-process.ts';
import { runScript } from './script.ts';

/** What a webhook has at a time unless somebody says otherwise. */
export const defaultConnections = 32;

export interface SendingOptions {
  readonly postgresUrl: string;
  /** One per company; the changes go round among them. */
  readonly webhooks?: number;
  /** What the receiver does: see raw-receiver.ts. */
  readonly path?: string;
  /** About; from 120. */
  readonly payloadBytes?: number;
  readonly tls?: { readonly key: string; readonly cert: string; readonly file: string };
}

export interface Changes {
  readonly count: number;
  readonly perTransaction: number;
}

export interface Rate {
  readonly perSecond: number;
  /** CPU time of the sending process for one POST, its start included. */
  readonly cpuMicros: number;
  /** That were opened. */
  readonly connections: number;
}

export class Sending implements AsyncDisposable {
  readonly database: InstalledDatabase;
  readonly receiver: RawReceiver;
  readonly #options: SendingOptions;
  readonly #webhooks: number;
  readonly #path: string;
  readonly #env: Readonly<Record<string, string>>;
  #open: AsyncDisposableStack;
  #written = 0;
  #body = '';

  private constructor(
    options: SendingOptions,
    parts: { open: AsyncDisposableStack; database: InstalledDatabase; receiver: RawReceiver },
  ) {
    this.#options = options;
    this.#webhooks = options.webhooks ?? 1;
    this.#path = options.path ?? '/fast';
    this.#env = options.tls === undefined ? {} : { NODE_EXTRA_CA_CERTS: options.tls.file };
    this.#open = parts.open;
    this.database = parts.database;
    this.receiver = parts.receiver;
  }

  static async open(options: SendingOptions): Promise<Sending> {
    const open = new AsyncDisposableStack();
    try {
      const database = open.use(await createInstalledDatabase(options.postgresUrl));
      const receiver = open.use(await startRawReceiver(options.tls));
      const sending = new Sending(options, { open, database, receiver });
      await sending.#prepare();
      return sending;
    } catch (error) {
      await open.disposeAsync();
      throw error;
    }
  }

  /** Of the first POST ever. */
  get body(): string {
    return this.#body;
  }

  /** The service starts over what was written before, and ends; from the first POST to the last. */
  async drain(changes: Changes, log: DeliveryLog = 'all'): Promise<Rate> {
    const { database, receiver } = this;
    const { payloadBytes = 700 } = this.#options;
    await insertItems(database, { ...changes, companies: this.#webhooks, payloadBytes });
    await receiver.reset();
    await using service = startService({
      databaseUrl: database.serviceUrl,
      env: { ...this.#env, ROWHOOK_LOG_LEVEL: 'info', ROWHOOK_DELIVERY_LOG: log },
    });
    const arrived = await receiver
      .waitFor(this.#path, changes.count)
      .catch(async (cause: unknown) => await this.#explain(cause, service.output));
    const cpu = await cpuMicros(service.pid);
    await service.kill('SIGTERM');
    this.#written += changes.count;
    await this.#checkCounters();
    return {
      perSecond: perSecond(arrived),
      cpuMicros: cpu / changes.count,
      connections: arrived.connections,
    };
  }

  /** The baseline: as many of the same body over as many connections to the same receiver. */
  async bareLoop(count: number, connections = defaultConnections): Promise<Rate> {
    await this.receiver.reset();
    const { cpuMicros: cpu } = await this.#load<{ cpuMicros: number }>('bare-loop.ts', {
      count,
      connections,
    });
    const arrived = await this.receiver.waitFor(this.#path, count);
    return {
      perSecond: perSecond(arrived),
      cpuMicros: cpu / count,
      connections: arrived.connections,
    };
  }

  /** What the receiver takes from a client that costs next to nothing. */
  async receiverLimit(count: number, connections = defaultConnections): Promise<number> {
    await this.receiver.reset();
    const { sent } = await this.#load<{ sent: number }>('raw-load.ts', { count, connections });
    return perSecond(await this.receiver.waitFor(this.#path, sent));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }

  async #load<T>(script: string, load: { count: number; connections: number }): Promise<T> {
    const options: BareLoop = { ...load, url: this.#url, body: this.#body };
    return await runScript<T>(script, options, { env: this.#env });
  }

  get #url(): string {
    return this.receiver.url + this.#path;
  }

  /** The service has to have run once, so that there is a slot that keeps what is written while it does not. */
  async #prepare(): Promise<void> {
    await createItems(this.database);
    await createItemWebhooks(this.database, { url: this.#url, companies: this.#webhooks });
    await using service = startService({
      databaseUrl: this.database.serviceUrl,
      env: { ROWHOOK_LOG_LEVEL: 'info' },
    });
    await service.ready();
    await service.kill('SIGTERM');
    await this.drain({ count: 100, perTransaction: 1 });
    this.#body = await this.receiver.body(this.#path);
  }

  /** What the service counted, and what it said. */
  async #explain(cause: unknown, output: string): Promise<never> {
    const { admin } = this.database;
    const [counted] = await admin.query(
      `select sum(claimed_count) as claimed, sum(success_count) as success, sum(error_count) as error,
         (select count(*) from rowhook.backlog) as backlog from rowhook.counter`,
    );
    const losses = await admin.query(
      'select reason, sum(count) as count, min(detail) as detail from rowhook.loss group by 1',
    );
    throw new Error(`${JSON.stringify({ counted, losses })}\n${output.slice(-4_000)}`, { cause });
  }

  /** What arrived is counted, all of it as delivered. */
  async #checkCounters(): Promise<void> {
    const [row = {}] = await this.database.admin.query(
      'select sum(claimed_count) as claimed, sum(success_count) as success from rowhook.counter',
    );
    const [claimed, success] = [Number(row['claimed']), Number(row['success'])];
    if (claimed !== this.#written || success !== this.#written)
      throw new Error(`${this.#written} changes, but ${claimed} claims and ${success} successes are counted`);
  }
}

export function describeRate({ perSecond: rate, cpuMicros: cpu, connections }: Rate): string {
  return `${Math.round(rate)}/s at ${cpu.toFixed(1)} µs of CPU each over ${connections} connections`;
}
