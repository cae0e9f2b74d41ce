// One process of the service: the real Term with everything in it, its statements on the schedule's wire, its POSTs at the schedule's endpoints.
import { Witness } from '../../src/database/witness.ts';
import type { Books } from '../../src/books.ts';
import { FencedError } from '../../src/database/fenced.ts';
import type { Append } from '../../src/database/journal.ts';
import { orderKeys } from '../../src/delivery/order-keys.ts';
import type { PostRequest, PostResult } from '../../src/delivery/post.ts';
import { createLogger } from '../../src/logger.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { TableEncoder } from '../../src/payload/table-encoder.ts';
import { buildWithinLimit } from '../../src/payload/too-large.ts';
import { Types } from '../../src/payload/types.ts';
import { PreparedRelations } from '../../src/prepared-relations.ts';
import type { Relations } from '../../src/relations.ts';
import { Term, type TermOptions } from '../../src/term.ts';
import type { TermLimits } from '../../src/term-limits.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import type { LogStream } from './log-stream.ts';
import type { Wire } from './wire.ts';

export interface ServiceParts {
  readonly clock: Clock;
  readonly database: Database;
  readonly wire: Wire;
  readonly limits: TermLimits;
  readonly caps: TermOptions['caps'];
  readonly breaker: TermOptions['breaker'];
  post(from: Service, request: PostRequest): Promise<PostResult>;
  onFailure(error: unknown): void;
}

const logger = createLogger('silent');

export class Service {
  readonly term: Term;
  /** null: it does not hold the slot now. */
  stream: LogStream | null;
  isFlowing = true;
  isReconnecting = false;
  /** Another process has taken over, and it knows. */
  isFenced = false;
  /** Stops in peace. */
  isStopping = false;
  isOver = false;
  readonly interruptedBefore: number;
  readonly #parts: ServiceParts;

  /** The slot is its own: it takes over, and begins. */
  constructor(parts: ServiceParts, stream: LogStream) {
    this.#parts = parts;
    this.stream = stream;
    const { database, limits, caps, breaker } = parts;
    const takeover = database.takeOver();
    this.interruptedBefore = takeover.interrupted;
    this.term = new Term({
      takeover,
      floor: database.start,
      configuration: database.configuration(),
      stored: database.backlogSizes().map((size) => ({ ...size, isDoubtful: false })),
      storedAboveFloor: database.storedAboveFloor(),
      caps,
      breaker,
      limits,
      books: this.#books(takeover.term, takeover.lastSeq, takeover.state.foldNo),
      relations: this.#relations(),
      poster: { post: (request) => parts.post(this, request) },
      logger,
      telemetry: new Telemetry(),
      clockOffsetMs: 0,
      setFlowing: (isFlowing) => {
        this.isFlowing = isFlowing;
      },
      onAttempt: null,
      onFailure: (error) => {
        this.#failed(error);
      },
    });
    this.term.start();
  }

  get checkTerm(): Books['checkTerm'] {
    const { database, wire, clock } = this.#parts;
    return async () => {
      const sentAt = { monotonicMs: clock.nowMs, wallMs: clock.wallMs };
      await wire.ask(this, 'check term', () => {
        database.checkTerm(this.term.no);
      });
      return sentAt;
    };
  }

  disconnected(): void {
    if (this.stream === null) return;
    this.stream = null;
    this.term.reader.disconnected();
  }

  async reconnected(stream: LogStream): Promise<void> {
    this.stream = stream;
    this.isFlowing = true;
    this.isReconnecting = true;
    try {
      await this.term.checkTerm();
      this.term.reader.reconnected();
    } catch (error) {
      this.#failed(error);
    }
    this.isReconnecting = false;
  }

  /** Finishes what is in flight, and writes the last counters. */
  async stop(): Promise<void> {
    this.isStopping = true;
    try {
      await this.term.stop();
      await this.term.lastFold();
    } catch (error) {
      this.#failed(error);
    }
    this.isOver = true;
  }

  #failed(error: unknown): void {
    if (!(error instanceof FencedError)) this.#parts.onFailure(error);
    else if (!this.isFenced) {
      this.isFenced = true;
      void this.term.abandon();
    }
  }

  #books(term: number, lastSeq: number, lastFoldNo: number): Books {
    const { database, wire, clock } = this.#parts;
    let seq = lastSeq;
    let foldNo = lastFoldNo;
    return {
      append: async (entries, stored): Promise<Append> => {
        const next = seq + 1;
        database.requireActive(entries, this.term.reader.readUpTo);
        const sentAt = { monotonicMs: clock.nowMs, wallMs: clock.wallMs };
        await wire.ask(this, 'append', () => {
          database.append(term, next, entries, stored);
        });
        seq = next;
        return { seq, sentAt, isDurable: true };
      },
      checkTerm: () => this.checkTerm(),
      store: (deliveries) =>
        wire.ask(this, 'store', (isAgain) => {
          database.store(term, deliveries, isAgain);
        }),
      readBacklog: (range) => wire.ask(this, 'read backlog', () => database.readBacklog(range)),
      readBacklogKeys: (range) =>
        wire.ask(this, 'read backlog keys', () => {
          const rows = database.readBacklog({ ...range, maxBytes: Infinity });
          return rows.map(({ position, table, ageMs, payload }) => ({
            position,
            table,
            ageMs,
            bytes: payload.bytes,
          }));
        }),
      fold: async (input) => {
        const next = foldNo + 1;
        await wire.ask(this, 'fold', () => {
          database.fold(term, next, input);
        });
        foldNo = next;
      },
      testify: (rest) => new Witness({ term, lastSeq: seq, foldNo }).testify(rest),
      pollWebhooks: (uids) => wire.ask(this, 'poll', () => database.poll(uids), true),
    };
  }

  #relations(): Relations {
    const { wire } = this.#parts;
    const types = new Types({
      read: () => Promise.reject(new Error('every type is built in')),
      cast: () => Promise.resolve(null),
      onPrintedAsText: () => undefined,
      now: () => performance.now(),
      pause: () => Promise.resolve(),
    });
    const relations = new PreparedRelations({
      keyColumns: () => wire.ask(this, 'key columns', () => ['id']),
      encoder: async ({ columns }, xid) => {
        const table = await TableEncoder.load(columns, types, xid);
        return {
          build: (request) => buildWithinLimit({ ...request, shape: table.shape }),
          prepare: (change) => table.prepare(change),
        };
      },
      orderKeys,
    });
    return { relations, types };
  }
}
