// Everybody who listens to events: how many there may be, what ends them, and the one clock by which all feeds look while anybody listens.
// Invariant: while nobody does, nothing is asked and no timer runs.
import type { Telemetry } from '../telemetry.ts';
import type { Principal } from './access.ts';
import { EventStream, eventText } from './event-stream.ts';
import { Feed } from './feed.ts';
import { companyOf } from './page.ts';
import type { ApiParts, LiveStatus } from './parts.ts';
import { Problem } from './problem.ts';

export interface EventStreamsOptions {
  readonly parts: Pick<ApiParts, 'feed' | 'logEnd' | 'liveStatus'>;
  readonly telemetry: Pick<Telemetry, 'gauges'>;
}

const maxOfOneCompany = 4;
const maxOfCompanies = 24;
const maxOfOperators = 8;
const lookEveryMs = 1_000;
const heartbeatEveryMs = 15_000;
const endWithinMs = 500;

export class EventStreams implements AsyncDisposable {
  readonly #options: EventStreamsOptions;
  /** By company; null: the operators'. */
  readonly #feeds = new Map<string | null, Feed>();
  readonly #open = new Map<EventStream, string | null>();
  #looking: NodeJS.Timeout | null = null;
  #beating: NodeJS.Timeout | null = null;
  /** Of the delivery log; null: nobody listened. */
  #end: string | null = null;
  #earlier: LiveStatus | null = null;
  #isReadingStatus = false;
  #isLooking = false;
  #isStopping = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** @throws {Problem} when there are too many already. */
  async open(principal: Principal, lastEventId: string | undefined): Promise<EventStream['body']> {
    const companyId = companyOf(principal);
    this.#requirePlace(companyId);
    const stream = new EventStream();
    this.#open.set(stream, companyId);
    stream.body.once('close', () => {
      this.#leave(stream);
    });
    try {
      const feed = await this.#feedOf(companyId);
      await feed.join(stream, lastEventId);
    } catch (error) {
      stream.body.destroy();
      throw error;
    }
    if (principal.kind === 'company') endWithToken(stream, principal.expiresAtMs);
    if (this.#isStopping) stream.end('stopping');
    stream.write(': events from now on\n\n');
    this.#start();
    return stream.body;
  }

  /** Ends every stream, and opens no more. */
  stop(): void {
    this.#isStopping = true;
    for (const stream of this.#open.keys()) stream.end('stopping');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    const closed = [...this.#open.keys()].map(
      ({ body }) => new Promise((resolve) => body.once('close', resolve)),
    );
    const late = Promise.withResolvers<undefined>();
    const deadline = setTimeout(() => late.resolve(undefined), endWithinMs);
    await Promise.race([Promise.all(closed), late.promise]);
    clearTimeout(deadline);
    for (const { body } of this.#open.keys()) body.destroy();
  }

  #requirePlace(companyId: string | null): void {
    if (this.#isStopping) throw new Problem(503, 'This process stops.', { headers: { 'retry-after': '2' } });
    const companies = [...this.#open.values()];
    const own = companies.filter((each) => each === companyId).length;
    const most = companyId === null ? maxOfOperators : maxOfOneCompany;
    const headers = { 'retry-after': '10' };
    if (own >= most) {
      throw new Problem(429, `So many streams of events are open already, and may be: ${most}. Close one.`, {
        headers,
      });
    }
    const all = companies.filter((each) => each !== null).length;
    if (companyId !== null && all >= maxOfCompanies) {
      throw new Problem(503, 'Too many streams of events are open. Try again later.', { headers });
    }
  }

  async #feedOf(companyId: string | null): Promise<Feed> {
    const end = await this.#options.parts.logEnd(this.#end);
    this.#end = end;
    const feed = this.#feeds.get(companyId) ?? new Feed(companyId, this.#options.parts, end);
    this.#feeds.set(companyId, feed);
    return feed;
  }

  #leave(stream: EventStream): void {
    const companyId = this.#open.get(stream) ?? null;
    this.#open.delete(stream);
    this.#feeds.get(companyId)?.streams.delete(stream);
    if (![...this.#open.values()].includes(companyId)) this.#feeds.delete(companyId);
    if (this.#open.size > 0) return;
    for (const timer of [this.#looking, this.#beating]) if (timer !== null) clearInterval(timer);
    this.#looking = this.#beating = this.#end = this.#earlier = null;
  }

  #start(): void {
    if (this.#open.size === 0) return;
    this.#looking ??= setInterval(() => void this.#look(), lookEveryMs).unref();
    this.#beating ??= setInterval(() => {
      for (const stream of this.#open.keys()) stream.write(':\n\n');
    }, heartbeatEveryMs).unref();
  }

  async #look(): Promise<void> {
    const operators = this.#feeds.get(null);
    if (operators !== undefined) void this.#tellStatus(operators);
    // On the operator's connections: one of them is left to who asks the API.
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#lookAtLog();
    } finally {
      this.#isLooking = false;
    }
  }

  /** Resolves when the operators' feed has looked, too. */
  async #lookAtLog(): Promise<void> {
    // Without it the feeds see the webhooks, and the deliveries the next time.
    const end = await this.#options.parts.logEnd(this.#end).catch(() => this.#end);
    if (end === null || this.#open.size === 0) return;
    this.#end = end;
    const looks = new Map([...this.#feeds].map(([companyId, feed]) => [companyId, feed.look(end)]));
    await looks.get(null);
  }

  async #tellStatus(operators: Feed): Promise<void> {
    if (this.#isReadingStatus) return;
    this.#isReadingStatus = true;
    try {
      const now = await this.#options.parts.liveStatus();
      operators.send(eventText('status', this.#status(now)));
      this.#earlier = now;
    } catch {
      this.#earlier = null;
    } finally {
      this.#isReadingStatus = false;
    }
  }

  #status({ at, totals, ...rest }: LiveStatus): object {
    const before = this.#earlier;
    const seconds = before === null ? 0 : (Date.parse(at) - Date.parse(before.at)) / 1000;
    const rate = (name: 'claimed' | 'succeeded' | 'failed'): number | null =>
      before === null || seconds <= 0
        ? null
        : Math.max(0, Math.round((totals[name] - before.totals[name]) / seconds));
    const lagMs = this.#options.telemetry.gauges?.().lagMs ?? Infinity;
    return {
      at,
      ...rest,
      lagSeconds: Number.isFinite(lagMs) ? lagMs / 1000 : null,
      backlogCount: totals.waiting,
      claimedPerSecond: rate('claimed'),
      succeededPerSecond: rate('succeeded'),
      failedPerSecond: rate('failed'),
    };
  }
}

function endWithToken(stream: EventStream, expiresAtMs: number): void {
  const expiry = setTimeout(
    () => {
      stream.end('expired');
    },
    Math.max(0, expiresAtMs - Date.now()),
  ).unref();
  stream.body.once('close', () => {
    clearTimeout(expiry);
  });
}
