// One replication connection, and the only user of pg-logical-replication, which serves as transport: it connects, starts the
// stream and splits it into messages. Confirming, keepalives, flow and liveness are ours (docs/decisions/0003). A stream is
// used for one connection and then replaced.
import type { Client, ClientConfig } from 'pg';
import { LogicalReplicationService, PgoutputPlugin } from 'pg-logical-replication';
import { failpointAfterWrite } from '../failpoint.ts';
import { parseLsn, zeroLsn, type Lsn } from '../lsn.ts';
import { LargeRows } from './large-rows.ts';
import { readIdentity, verifySettings, type ServerIdentity } from './server-identity.ts';
import { statusUpdate } from './status-update.ts';

export interface StreamOptions {
  readonly clientConfig: ClientConfig;
  readonly slot: string;
  readonly publication: string;
  /** Settings that change how values are written, verified before the first message. */
  readonly pinnedSettings: Readonly<Record<string, string>>;
  /** Called before START_REPLICATION; throwing ends the attempt with that error. */
  verify(identity: ServerIdentity): void;
  /** A pgoutput message; the buffer is only valid during the call. */
  onMessage(message: Buffer): void;
  onKeepalive(walEnd: Lsn): void;
  /** The newest LSN that is safe to confirm. */
  confirmable(): Lsn;
  readonly liveness?: Liveness;
}

/** When to ask a silent server for a sign of life, and when to give it up. Silence while we do not read is none. */
export interface Liveness {
  readonly pingAfterMs: number;
  readonly longestSilenceMs: number;
}

interface Wire {
  readonly stream: NodeJS.ReadableStream & { destroy(error?: Error): void };
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

const defaultLiveness: Liveness = { pingAfterMs: 20_000, longestSilenceMs: 120_000 };
const tickMs = 250;

/**
 * The package listens for its client's errors only once that has connected. One that comes in the same moment, when an operator ends
 * the new backend at once, would end the process.
 */
function hearErrorsFromTheStart(service: LogicalReplicationService): void {
  let client: Client | null = null;
  Object.defineProperty(service, '_client', {
    get: () => client,
    set: (created: Client | null) => {
      created?.on('error', () => undefined);
      client = created;
    },
  });
}

export class ReplicationStream {
  readonly #options: StreamOptions;
  readonly #service: LogicalReplicationService;
  #wire: Wire | null = null;
  #identity: ServerIdentity | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isFlowing = false;
  #isEnding = false;
  #confirmed: Lsn = zeroLsn;
  #lastSentAt = 0;
  #lastHeardAt = 0;
  #lastPingAt = 0;

  /** Settles when the connection is over: with the reason, or null after `end`. */
  readonly ended: Promise<Error | null>;
  #resolveEnded: (reason: Error | null) => void = () => undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#service = new LogicalReplicationService(options.clientConfig, {
      acknowledge: { auto: false, timeoutSeconds: 0 },
    });
    hearErrorsFromTheStart(this.#service);
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Resolves when the slot is ours and the stream stands still, before the first message. Rejects with pg's error. */
  async open(): Promise<ServerIdentity> {
    const started = new Promise<void>((resolve) => this.#service.once('start', resolve));
    this.#service.on('data', () => undefined);
    // Errors also arrive as the rejection of subscribe.
    this.#service.on('error', () => undefined);
    this.#service.on('heartbeat', (lsn: string, _timestamp: number, shouldReply: boolean) => {
      this.#keepalive(lsn, shouldReply);
    });
    const plugin = new TransportPlugin({
      begin: async (client, slot) => await this.#begin(client, slot),
      receive: (message) => {
        if (!this.#isEnding) this.#options.onMessage(message);
      },
    });
    const subscribed = this.#service.subscribe(plugin, this.#options.slot, '0/0');
    const ended = subscribed.then(
      () => null,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    const failure = await Promise.race([started.then(() => null), ended.then((error) => ({ error }))]);
    const identity = this.#identity;
    if (failure !== null || identity === null) {
      await this.#close();
      throw failure?.error ?? new Error('the replication connection ended before it began');
    }
    void ended.then(async (error) => {
      await this.#close();
      this.#resolveEnded(this.#isEnding ? null : (error ?? new Error('the server ended the stream')));
    });
    this.#startTimer(identity.walSenderTimeoutMs);
    return identity;
  }

  setFlowing(isFlowing: boolean): void {
    this.#isFlowing = isFlowing;
    this.#lastHeardAt = performance.now();
    if (isFlowing) this.#wire?.stream.resume();
    else this.#wire?.stream.pause();
  }

  /** Tells Postgres what it may forget; cheap, and never goes back. */
  confirm(): void {
    this.#send(false);
  }

  /** Asks the server how far the stream is. */
  ping(): void {
    this.#send(true);
  }

  /** Confirms, ends the copy as the protocol has it, and waits for the server to let the slot go, two seconds at most. */
  async end(): Promise<void> {
    if (this.#isEnding || this.#wire === null) return;
    this.#send(false);
    this.#isEnding = true;
    clearInterval(this.#timer);
    this.#wire.endCopyFrom();
    this.setFlowing(true);
    const { stream } = this.#wire;
    const deadline = setTimeout(() => stream.destroy(), 2_000);
    await this.ended;
    clearTimeout(deadline);
  }

  /** Cuts the connection, when the server may be dead. */
  destroy(reason: Error): void {
    this.#wire?.stream.destroy(reason);
  }

  async #begin(client: Client, slot: string): Promise<void> {
    // The connection's own object is undocumented: pg is pinned exactly, and a test fails when an upgrade changes it.
    const connection: unknown = Reflect.get(client, 'connection');
    if (!isWire(connection))
      throw new Error('this version of pg has no client.connection that can be written to');
    this.#identity = await readIdentity(client);
    await verifySettings(client, this.#options.pinnedSettings);
    this.#options.verify(this.#identity);
    this.#wire = connection;
    this.#listen(this.#wire.stream);
    this.#service.once('start', () => {
      this.setFlowing(this.#isFlowing);
    });
    await client.query(
      `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL 0/0 ` +
        `(proto_version '1', publication_names '${quoteIdentifier(this.#options.publication).replaceAll("'", "''")}')`,
    );
  }

  // In front of pg's parser, which listens to the socket; with TLS to the one that took its place. It stands between two messages:
  // the last query is answered.
  #listen(stream: Wire['stream']): void {
    const [parse, ...others] = stream.listeners('data');
    if (parse === undefined || others.length > 0)
      throw new Error('this version of pg reads its connection in another way');
    const rows = new LargeRows((bytes) => {
      parse.call(stream, bytes);
    });
    stream.removeListener('data', parse as () => void);
    stream.on('data', (chunk: Buffer) => {
      this.#lastHeardAt = performance.now();
      rows.take(chunk);
    });
  }

  #keepalive(lsn: string, shouldReply: boolean): void {
    if (this.#isEnding) return;
    this.#options.onKeepalive(parseLsn(lsn));
    if (shouldReply) this.#send(false);
  }

  // Also answers in place of the keepalives that a held stream does not read: a status with an unchanged LSN resets the
  // server's timeout without moving the slot.
  #startTimer(walSenderTimeoutMs: number): void {
    const everyMs = walSenderTimeoutMs === 0 ? 10_000 : Math.min(walSenderTimeoutMs / 3, 10_000);
    const { pingAfterMs, longestSilenceMs } = this.#options.liveness ?? defaultLiveness;
    this.#lastHeardAt = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      const silenceMs = now - this.#lastHeardAt;
      if (this.#isFlowing && silenceMs > longestSilenceMs) {
        this.destroy(new Error(`nothing from the server for ${Math.round(silenceMs / 1000)} s`));
      } else if (silenceMs > pingAfterMs && now - this.#lastPingAt > pingAfterMs) {
        this.#lastPingAt = now;
        this.#send(true);
      } else if (
        this.#options.confirmable() > this.#confirmed ||
        now - this.#lastSentAt >= everyMs - tickMs
      ) {
        this.#send(false);
      }
    }, tickMs);
  }

  #send(shouldReply: boolean): void {
    if (this.#wire === null || this.#isEnding) return;
    const confirmable = this.#options.confirmable();
    const isMore = confirmable > this.#confirmed;
    if (isMore) this.#confirmed = confirmable;
    this.#lastSentAt = performance.now();
    this.#wire.sendCopyFromChunk(statusUpdate(this.#confirmed, shouldReply, Date.now()));
    if (isMore) failpointAfterWrite('confirmed');
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#wire = null;
    await this.#service.destroy().catch(() => undefined);
  }
}

interface TransportParts {
  begin(client: Client, slot: string): Promise<void>;
  receive(message: Buffer): void;
}

// AbstractPlugin is not exported from the package's root; of the exported plugin only the name is used.
class TransportPlugin extends PgoutputPlugin {
  readonly #parts: TransportParts;

  constructor(parts: TransportParts) {
    super({ protoVersion: 1, publicationNames: [] });
    this.#parts = parts;
  }

  override async start(client: Client, slot: string): Promise<void> {
    await this.#parts.begin(client, slot);
  }

  override parse(message: Buffer): never {
    this.#parts.receive(message);
    return undefined as never;
  }
}

function isWire(connection: unknown): connection is Wire {
  if (typeof connection !== 'object' || connection === null) return false;
  return 'stream' in connection && 'sendCopyFromChunk' in connection && 'endCopyFrom' in connection;
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
