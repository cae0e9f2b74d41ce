/**
 * Open connections that wait for their next request, by origin. The newest is taken first, so that a quiet origin's
 * spare ones run into their idle timeout; beyond `max` in all, the oldest is closed.
 */
import { performance } from 'node:perf_hooks';

export interface IdleConnection {
  readonly origin: string;
  readonly idleMs: number;
  /** Fulfilled when its socket is gone. */
  readonly closed: Promise<unknown>;
  close(): void;
}

// So much longer than it may, a connection stays idle at worst.
const sweepEveryMs = 250;

export class IdleConnections<T extends IdleConnection> {
  readonly #byOrigin = new Map<string, T[]>();
  /** Until when each may be used; the one that has been idle for longest is first. */
  readonly #untilMs = new Map<T, number>();
  readonly #max: number;
  #sweep: NodeJS.Timeout | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  put(connection: T): void {
    const sameOrigin = this.#byOrigin.get(connection.origin);
    if (sameOrigin === undefined) this.#byOrigin.set(connection.origin, [connection]);
    else sameOrigin.push(connection);
    this.#untilMs.set(connection, performance.now() + connection.idleMs);
    if (this.#untilMs.size > this.#max) this.#closeOldest();
    this.#sweep ??= setTimeout(() => this.#closeExpired(), sweepEveryMs).unref();
  }

  take(origin: string): T | undefined {
    for (;;) {
      const newest = this.#byOrigin.get(origin)?.at(-1);
      if (newest === undefined) return undefined;
      const untilMs = this.#untilMs.get(newest) ?? 0;
      this.remove(newest);
      if (performance.now() < untilMs) return newest;
      newest.close();
    }
  }

  remove(connection: T): void {
    if (!this.#untilMs.delete(connection)) return;
    const sameOrigin = this.#byOrigin.get(connection.origin) ?? [];
    if (sameOrigin.at(-1) === connection) sameOrigin.pop();
    else sameOrigin.splice(sameOrigin.indexOf(connection), 1);
    if (sameOrigin.length === 0) this.#byOrigin.delete(connection.origin);
  }

  /** Resolves when the sockets of all of them are gone. */
  async closeAll(): Promise<void> {
    const connections = [...this.#untilMs.keys()];
    for (const connection of connections) this.#close(connection);
    await Promise.all(connections.map(({ closed }) => closed));
  }

  #closeOldest(): void {
    for (const oldest of this.#untilMs.keys()) return this.#close(oldest);
  }

  #close(connection: T): void {
    this.remove(connection);
    connection.close();
  }

  #closeExpired(): void {
    this.#sweep = null;
    const nowMs = performance.now();
    for (const [connection, untilMs] of [...this.#untilMs]) if (untilMs <= nowMs) this.#close(connection);
    if (this.#untilMs.size > 0) {
      this.#sweep = setTimeout(() => this.#closeExpired(), sweepEveryMs).unref();
    }
  }
}
