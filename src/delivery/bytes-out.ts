// How many bytes of payloads are out, each counted once however many webhooks it goes to. Large ones share a limit, and those that find no
// room go in the order in which they asked; what is small always goes. Invariant: one of any size goes when nothing large is out.
import { largePayloadBytes } from '../limits.ts';
import type { Payload } from './delivery.ts';

export class BytesOut<Waiter> {
  readonly #limit: number;
  readonly #out = new Map<Payload, number>();
  #bytes = 0;
  #waiters = new Set<Waiter>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False: the waiter is among those that the next `give` returns. */
  take(payload: Payload, waiter: Waiter): boolean {
    if (payload.bytes <= largePayloadBytes) return true;
    const times = this.#out.get(payload) ?? 0;
    const hasRoom = this.#bytes === 0 || this.#bytes + payload.bytes <= this.#limit;
    if (times === 0 && (this.#waiters.size > 0 || !hasRoom)) {
      this.#waiters.add(waiter);
      return false;
    }
    this.#out.set(payload, times + 1);
    if (times === 0) this.#bytes += payload.bytes;
    return true;
  }

  /** Who may ask again, in order. */
  give(payload: Payload): readonly Waiter[] {
    const times = this.#out.get(payload);
    if (times === undefined) return [];
    if (times > 1) {
      this.#out.set(payload, times - 1);
      return [];
    }
    this.#out.delete(payload);
    this.#bytes -= payload.bytes;
    const waiters = [...this.#waiters];
    this.#waiters = new Set();
    return waiters;
  }
}
