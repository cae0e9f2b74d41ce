/**
 * POSTs: one per call, never repeated, no redirect followed, no proxy, nothing on the wire but what HTTP needs and
 * Content-Type. The only user of undici. Each connection is a Client of its own that carries one request at a time,
 * which ties a request to its connection: to its dialling, its deadline and its end.
 */
import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import { Client, type buildConnector } from 'undici';
import { targetPolicy, checkUrl, type GuardOptions, type TargetPolicy } from './address-guard.ts';
import { AnswerGate } from './answer-gate.ts';
import { DialTimes } from './attempt-trace.ts';
import {
  Attempt,
  decided,
  failed,
  type AttemptConnection,
  type PostRequest,
  type PostResult,
} from './attempt.ts';
import { dial, DialError } from './dial.ts';
import { IdleConnections } from './idle-connections.ts';
import { isForbidden } from './ip-ranges.ts';
import { shareLookups } from './shared-lookup.ts';

export type { PostRequest, PostResult } from './attempt.ts';

export interface Poster extends AsyncDisposable {
  /** Never rejects. `not_written` = `mayWrite` said no; the opened connection waits for the next call. */
  post(request: PostRequest): Promise<PostResult>;
  /** For tests and health: open connections, idle ones included. */
  readonly openConnections: number;
}

const maxAnswerBytes = 64 * 1024;
const maxAnswerHeadBytes = 16 * 1024;
const maxIdleConnections = 1_000;
const maxTargets = 10_000;

// Under 4 s, whatever the receiver offers: common ones close after 5 s, and a request written into a connection that
// is being closed is lost with its outcome unknown. Our deadline is the only clock on an answer.
const clientOptions = {
  pipelining: 1,
  keepAliveTimeout: 3_500,
  keepAliveMaxTimeout: 3_500,
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: maxAnswerHeadBytes,
  allowH2: false,
};

const headers = ['content-type', 'application/json'];

export function createPoster(options: GuardOptions): Poster {
  return new UndiciPoster(options);
}

class UndiciPoster implements Poster {
  readonly #policy: TargetPolicy;
  readonly #lookup: LookupFunction;
  readonly #targets = new Map<string, Target>();
  readonly #open = new Set<Connection>();
  readonly #idle = new IdleConnections<Connection>(maxIdleConnections);
  #isDisposed = false;

  constructor(options: GuardOptions) {
    this.#policy = targetPolicy(options);
    this.#lookup = shareLookups(options.lookup ?? systemLookup);
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
    const connection = this.#idle.take(target.origin) ?? this.#newConnection(target.origin);
    return connection.post(request, target.path);
  }

  // Reading a URL and checking it against the policy, neither of which changes, costs as much as sending does.
  #target(url: string): Target {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    if (this.#targets.size >= maxTargets) this.#targets.clear();
    const target = readTarget(url, this.#policy);
    this.#targets.set(url, target);
    return target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const connections = [...this.#open];
    for (const connection of connections) connection.interrupt();
    await Promise.all(connections.map((connection) => connection.closed));
  }

  #newConnection(origin: string): Connection {
    const connection = new Connection(origin, {
      dial: (signal, times) =>
        dial(new URL(origin), { policy: this.#policy, lookup: this.#lookup, signal, times }),
      onIdle: () => this.#idle.put(connection),
      onClose: () => {
        this.#idle.remove(connection);
        this.#open.delete(connection);
      },
    });
    this.#open.add(connection);
    return connection;
  }
}

type Target =
  { readonly origin: string; readonly path: string } | { readonly refused: ReturnType<typeof failed> };

function readTarget(text: string, policy: TargetPolicy): Target {
  const refusal = checkUrl(text, policy);
  if (refusal !== null) return { refused: failed(refusal.class, refusal.message) };
  const url = new URL(text);
  return { origin: url.origin, path: url.pathname + url.search };
}

export interface ConnectionOptions {
  readonly dial: (signal: AbortSignal, times: DialTimes) => Promise<Socket>;
  readonly onIdle: () => void;
  readonly onClose: () => void;
}

/** Exported for its test. `dial` is called at most twice for one request, and never once bytes of it were written. */
export class Connection implements AttemptConnection {
  readonly origin: string;
  isInternal = true;
  dialTimes: DialTimes | null = null;
  readonly #client: Client;
  readonly #options: ConnectionOptions;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<unknown>();
  #socket: Socket | null = null;
  #gate: AnswerGate | null = null;
  #attempt: Attempt | null = null;
  #dials = 0;

  constructor(origin: string, options: ConnectionOptions) {
    this.origin = origin;
    this.#options = options;
    this.#client = new Client(origin, {
      ...clientOptions,
      connect: (_target, callback) => this.#connect(callback),
    });
    this.#client.on('disconnect', () => this.#disconnected());
  }

  /** Fulfilled when the socket is gone. */
  get closed(): Promise<unknown> {
    return this.#closed.promise;
  }

  post(request: PostRequest, path: string): Promise<PostResult> {
    const attempt = new Attempt(request, this);
    this.#attempt = attempt;
    this.#dials = 0;
    this.#client.dispatch({ method: 'POST', path, headers, body: request.body }, attempt);
    return attempt.result;
  }

  beginAnswer(): void {
    this.#gate?.begin();
  }

  release(): void {
    this.#attempt = null;
    this.dialTimes = null;
    const hasUnsentBytes = (this.#socket?.writableLength ?? 0) > 0;
    if (this.#closing.signal.aborted || hasUnsentBytes) this.close();
    else this.#options.onIdle();
  }

  interrupt(): void {
    this.#attempt?.interrupt();
    this.close();
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#attempt = null;
    this.#options.onClose();
    this.#closing.abort();
    this.#closed.resolve(this.#client.destroy());
  }

  // An idle connection may have been closed just as the next request was put on it; nothing is written yet, so the
  // client connects once more. A client whose request was given up would connect for nobody: it is closed.
  #disconnected(): void {
    if (this.#attempt === null || this.#attempt.isWritten) this.close();
  }

  #exceeded(): void {
    if (this.#attempt === null) this.close();
    else this.#attempt.exceed();
  }

  #connect(callback: buildConnector.Callback): void {
    this.#dials += 1;
    const times = new DialTimes();
    this.dialTimes = times;
    const opened =
      this.#dials <= 2
        ? this.#options.dial(this.#closing.signal, times)
        : Promise.reject(new DialError('reset', 'the connection was closed before anything was sent'));
    opened.then(
      (socket) => {
        // undici takes a closed socket for a reason to try again.
        if (socket.destroyed)
          return callback(new DialError('reset', 'closed before anything was sent'), null);
        this.#socket = socket;
        this.isInternal = isForbidden(socket.remoteAddress ?? '');
        this.#gate = new AnswerGate(socket, maxAnswerBytes, () => this.#exceeded());
        callback(null, socket);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  }
}
