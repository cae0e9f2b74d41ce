// One client's stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). Invariant: what waits for a
// client is bounded: one that does not read is told so in its last event, and cut.
import { Readable } from 'node:stream';
import { Fifo } from '../fifo.ts';

/** What a stream ends with, but for the client's own end. */
export type End = 'slow' | 'expired' | 'stopping';

const ends: Readonly<Record<End, string>> = {
  slow: 'You read more slowly than there are events. Connect again with Last-Event-ID.',
  expired: 'The token has expired. Connect again with a new one, and with Last-Event-ID.',
  stopping: 'This process stops. Connect again with Last-Event-ID; another one may answer.',
};

/** Beside what is written at a time, in characters. */
const maxWaiting = 1024 * 1024;
const maxPiece = 64 * 1024;
const closeWithinMs = 5_000;

export class EventStream {
  readonly body = new Readable({
    highWaterMark: 1,
    read: () => {
      this.#isWanted = true;
      this.#push();
    },
  });
  /** The newest delivery that it has had: only those after it are sent. */
  after = '';
  readonly #waiting = new Fifo<string>();
  #waitingLength = 0;
  #isWanted = false;
  #hasEnded = false;

  constructor() {
    // Whoever goes away in the middle is no failure of ours.
    this.body.on('error', () => undefined);
  }

  /** All that there is at a time: it is taken whole while not too much waits from before. */
  write(...texts: readonly string[]): void {
    if (this.#hasEnded || this.body.destroyed) return;
    if (this.#waitingLength > maxWaiting) this.end('slow');
    else this.#add(texts);
  }

  end(reason: End): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#add([eventText('end', { reason, detail: ends[reason] })]);
    const late = setTimeout(() => this.body.destroy(), closeWithinMs).unref();
    this.body.once('close', () => {
      clearTimeout(late);
    });
  }

  #add(texts: readonly string[]): void {
    for (const text of texts) {
      this.#waiting.push(text);
      this.#waitingLength += text.length;
    }
    this.#push();
  }

  #push(): void {
    while (this.#isWanted && this.#waiting.length > 0) {
      let piece = '';
      while (piece.length < maxPiece && this.#waiting.length > 0) piece += this.#waiting.shift() ?? '';
      this.#waitingLength -= piece.length;
      this.#isWanted = this.body.push(piece);
    }
    if (this.#hasEnded && this.#waiting.length === 0) this.body.push(null);
  }
}

/** `id`: what Last-Event-ID says when it was the last. */
export function eventText(name: string, data: object, id?: string): string {
  return `event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}
