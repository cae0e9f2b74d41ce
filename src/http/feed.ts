// The events of one company, or of all for the operator, for everybody who listens to them: read once, sent to each. Invariant: a stream gets each
// delivery once, in the order of the log, or an event that says between which two there are more.
import type { FeedAnswer } from '../database/feed.ts';
import { eventText, type EventStream } from './event-stream.ts';
import type { ApiParts } from './parts.ts';
import { deliveryJson, webhookJson } from './shapes.ts';

const maxDeliveries = 300;
const maxWebhooks = 200;
const maxResumed = 1_000;
const resumeWithinMs = 24 * 3_600_000;

export class Feed {
  readonly streams = new Set<EventStream>();
  readonly #companyId: string | null;
  readonly #parts: Pick<ApiParts, 'feed'>;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #isLooking = false;
  #restsUntilMs = 0;
  /** All of the log up to here has been read. */
  #cursor: string;
  #known: FeedAnswer['known'] | null = null;

  /** `end`: of the log, now. */
  constructor(companyId: string | null, parts: Pick<ApiParts, 'feed'>, end: string) {
    this.#companyId = companyId;
    this.#parts = parts;
    this.#cursor = end;
  }

  /** Resolves when it has what it missed since `lastEventId`, and gets all from now on. */
  async join(stream: EventStream, lastEventId: string | undefined): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#known === null) await this.#look(this.#cursor);
      if (lastEventId !== undefined) await this.#resume(stream, lastEventId);
      else if (stream.after < this.#cursor) stream.after = this.#cursor;
      this.streams.add(stream);
    });
  }

  /** `end`: of the log. Does nothing while it still looks, or rests from a look that took long. */
  async look(end: string): Promise<void> {
    if (this.#isLooking || performance.now() < this.#restsUntilMs) return;
    this.#isLooking = true;
    const beganAt = performance.now();
    try {
      await this.#inTurn(() => this.#look(end));
    } catch {
      // What it did not see now it sees the next time.
      this.send(': the database cannot be asked now\n\n');
    } finally {
      const now = performance.now();
      this.#restsUntilMs = now + 4 * (now - beganAt);
      this.#isLooking = false;
    }
  }

  send(...texts: readonly string[]): void {
    for (const stream of this.streams) stream.write(...texts);
  }

  async #look(end: string): Promise<void> {
    const from = this.#cursor;
    const answer = await this.#parts.feed(this.#companyId, {
      after: end > from ? from : null,
      maxDeliveries,
      known: this.#known,
      maxWebhooks,
    });
    this.#known = answer.known;
    const newest = answer.deliveries.at(-1)?.at ?? end;
    this.#cursor = [from, end, newest].reduce((a, b) => (a > b ? a : b));
    for (const stream of this.streams) sendDeliveries(stream, answer);
    const webhooks = [
      ...answer.changed.map(webhookJson),
      ...answer.gone.map((id) => ({ id, isDeleted: true })),
    ];
    if (webhooks.length > 0) this.send(...webhooks.map((each) => eventText('webhook', each)));
  }

  async #resume(stream: EventStream, lastEventId: string): Promise<void> {
    const earliest = timeOf(Date.now() - resumeWithinMs);
    // An id of a time to come would keep from it all that happens until then.
    const known = lastEventId > timeOf(Date.now()) ? this.#cursor : lastEventId;
    const after = known < earliest ? earliest : known;
    if (lastEventId < earliest) stream.write(gap(lastEventId, after));
    stream.after = after;
    const ask = { after, maxDeliveries: maxResumed, known: null, maxWebhooks: 0 };
    sendDeliveries(stream, await this.#parts.feed(this.#companyId, ask));
  }

  async #inTurn(action: () => Promise<void>): Promise<void> {
    const result = this.#lastTurn.then(action);
    this.#lastTurn = result.catch(() => undefined);
    await result;
  }
}

/** As an id of an event. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

function sendDeliveries(
  stream: EventStream,
  { deliveries, isCut }: Pick<FeedAnswer, 'deliveries' | 'isCut'>,
): void {
  const unsent = deliveries.filter(({ at }) => at > stream.after);
  const [first] = unsent;
  if (first === undefined) return;
  const texts = unsent.map((delivery) => eventText('delivery', deliveryJson(delivery), delivery.at));
  if (isCut) texts.unshift(gap(stream.after, first.at));
  stream.write(...texts);
  stream.after = unsent.at(-1)?.at ?? stream.after;
}

function gap(from: string, to: string): string {
  return eventText('gap', { from, to });
}
