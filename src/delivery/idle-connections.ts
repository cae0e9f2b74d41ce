/**
 * Open connections that wait for their next request, by origin. The newest is taken first, so that a quiet origin's
 * spare ones run into their idle timeout; beyond `max` in all, the oldest is closed.
 */
export interface IdleConnection {
  readonly origin: string;
  close(): void;
}

export class IdleConnections<T extends IdleConnection> {
  readonly #byOrigin = new Map<string, T[]>();
  readonly #oldestFirst = new Set<T>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#oldestFirst.size;
  }

  put(connection: T): void {
    const sameOrigin = this.#byOrigin.get(connection.origin);
    if (sameOrigin === undefined) this.#byOrigin.set(connection.origin, [connection]);
    else sameOrigin.push(connection);
    this.#oldestFirst.add(connection);
    const [oldest] = this.#oldestFirst.size > this.#max ? this.#oldestFirst : [];
    oldest?.close();
  }

  take(origin: string): T | undefined {
    const newest = this.#byOrigin.get(origin)?.at(-1);
    if (newest !== undefined) this.remove(newest);
    return newest;
  }

  remove(connection: T): void {
    if (!this.#oldestFirst.delete(connection)) return;
    const sameOrigin = this.#byOrigin.get(connection.origin) ?? [];
    sameOrigin.splice(sameOrigin.indexOf(connection), 1);
    if (sameOrigin.length === 0) this.#byOrigin.delete(connection.origin);
  }
}
