/**
 * POSTs: one per call, never repeated, no redirect followed, no proxy, nothing on the wire but what HTTP needs and
 * Content-Type, and on a test or a resend the header that marks it. Written for this alone, which makes it cheaper than an HTTP client: docs/decisions/0016.
 */
import type { LookupFunction, OnReadOpts, Socket } from 'node:net';
import { targetPolicy, checkUrl, type GuardOptions, type TargetPolicy } from './address-guard.ts';
import { Attempt, decided, failed, type PostRequest, type PostResult } from './attempt.ts';
import { Connection, type ConnectionOptions, type Target } from './connection.ts';
import type { DialTimes } from './attempt-trace.ts';
import { dial, DialError } from './dial.ts';
import { IdleConnections } from './idle-connections.ts';
import type { Outcome } from './outcome.ts';
import { createLookup } from './resolver.ts';
import { shareLookups } from './shared-lookup.ts';

export type { PostRequest, PostResult } from './attempt.ts';

export interface Poster extends AsyncDisposable {
  /** Never rejects. `not_written` = `mayWrite` said no; the opened connection waits for the next call. */
  post(request: PostRequest): Promise<PostResult>;
  /** For tests and health: open connections, idle ones included. */
  readonly openConnections: number;
}

const maxIdleConnections = 1_000;
// Of so many URLs it is kept what was read; one that is longer than most is read each time.
const maxTargets = 10_000;
const maxKeptUrlCharacters = 512;

export function createPoster(options: GuardOptions): Poster {
  return new SocketPoster(options);
}

class SocketPoster implements Poster {
  readonly #policy: TargetPolicy;
  readonly #lookup: LookupFunction;
  readonly #targets = new Map<string, Target | Refused>();
  readonly #open = new Set<Connection>();
  readonly #idle = new IdleConnections<Connection>(maxIdleConnections);
  #toWrite: Connection[] = [];
  #isDisposed = false;

  constructor(options: GuardOptions) {
    this.#policy = targetPolicy(options);
    this.#lookup = shareLookups(options.lookup ?? createLookup(this.#policy.allow));
  }

  get openConnections(): number {
    return this.#open.size;
  }

  post(request: PostRequest): Promise<PostResult> {
    if (this.#isDisposed) {
      return Promise.resolve(decided({ kind: 'interrupted', detail: 'stopped before anything was sent' }));
    }
    const target = this.#target(request.url);
    if ('refused' in target) return Promise.resolve(decided(target.refused));
    const attempt = new Attempt(request);
    const connection = this.#idle.take(target.origin) ?? this.#newConnection(target.origin);
    connection.post(attempt, request.mark === undefined ? target : marked(target, request.mark));
    return attempt.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const connections = [...this.#open];
    for (const connection of connections) connection.interrupt();
    await Promise.all(connections.map((connection) => connection.closed));
  }

  // Reading a URL and checking it against the policy, neither of which changes, costs as much as sending does.
  #target(url: string): Target | Refused {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = readTarget(url, this.#policy);
    if (url.length > maxKeptUrlCharacters) return target;
    if (this.#targets.size >= maxTargets) this.#targets.clear();
    this.#targets.set(url, target);
    return target;
  }

  #newConnection(origin: string): Connection {
    const connection = new Connection(origin, {
      ...this.#connectionOptions,
      dial: (signal, times, onread) => this.#dial(new URL(origin), { signal, times, onread }),
    });
    this.#open.add(connection);
    return connection;
  }

  // Connections that nobody uses give way to one that somebody needs. Nothing was written, so this repeats nothing.
  async #dial(
    origin: URL,
    connection: { signal: AbortSignal; times: DialTimes; onread: OnReadOpts },
  ): Promise<Socket> {
    const options = { policy: this.#policy, lookup: this.#lookup, ...connection };
    try {
      return await dial(origin, options);
    } catch (error) {
      if (!(error instanceof DialError) || !error.isOutOfDescriptors || this.#idle.size === 0) throw error;
      await this.#idle.closeAll();
      return await dial(origin, options);
    }
  }

  readonly #connectionOptions: Omit<ConnectionOptions, 'dial'> = {
    scheduleWrite: (connection) => {
      if (this.#toWrite.length === 0) setImmediate(this.#writeSoon);
      this.#toWrite.push(connection);
    },
    onIdle: (connection) => {
      if (this.#isDisposed) connection.close();
      else this.#idle.put(connection);
    },
    onClose: (connection) => {
      this.#idle.remove(connection);
      this.#open.delete(connection);
    },
    onUnsent: (attempt, target) => {
      this.#newConnection(target.origin).post(attempt, target);
    },
  };

  // A whole turn of the loop later: that a kept connection was closed, or that more came on it, has been read by then.
  readonly #writeSoon = (): void => {
    const connections = this.#toWrite;
    this.#toWrite = [];
    setImmediate(() => {
      for (const connection of connections) connection.write();
    });
  };
}

interface Refused {
  readonly refused: Outcome;
}

function readTarget(text: string, policy: TargetPolicy): Target | Refused {
  const refusal = checkUrl(text, policy);
  if (refusal !== null) return { refused: failed(refusal.class, refusal.message) };
  const { origin, host, pathname, search } = new URL(text);
  const requestHead = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n${lastHeaders}`;
  return { origin, requestHead };
}

const lastHeaders = 'content-type: application/json\r\ncontent-length: ';

function marked({ origin, requestHead }: Target, mark: string): Target {
  const start = requestHead.slice(0, -lastHeaders.length);
  return { origin, requestHead: `${start}rowhook-delivery: ${mark}\r\n${lastHeaders}` };
}
