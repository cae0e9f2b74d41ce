/**
 * A real HTTP endpoint on 127.0.0.1 that records every request and behaves as a test asks: by default it answers 200
 * at once. Waiting is for what arrives; that nothing more arrives is proved with a later, recognisable change.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { behave, type Behaviour } from './receiver-behaviour.ts';
import { DEFAULT_TIMEOUT_MS, waitUntil } from './wait.ts';

export type { Behaviour } from './receiver-behaviour.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** As it stood on the wire: [name, value, name, value, …]. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
  /** The body as JSON; throws with the body's text when it is none. */
  json(): Record<string, unknown>;
  readonly receivedAt: number;
  /** In which order the requests began to arrive, from 1: whatever left a process before it was frozen has its place before it. */
  readonly begun: number;
  /** Two requests with the same remote port came over one connection. */
  readonly remotePort: number;
}

export interface ReceiverOptions {
  readonly behaviour?: Behaviour;
}

export interface WaitForOptions {
  readonly timeoutMs?: number;
  /** Only requests to this path count. */
  readonly path?: string;
}

export interface Receiver extends AsyncDisposable {
  /** Without a slash at the end: `${receiver.url}/hook`. */
  readonly url: string;
  readonly port: number;
  /** In order of arrival; recorded when the body is complete, before the answer. */
  readonly requests: readonly ReceivedRequest[];
  /** Connections accepted so far. */
  readonly connectionCount: number;
  requestsTo(path: string): ReceivedRequest[];
  /** For all paths, or for one; one path's behaviour goes before the general one. */
  behave(behaviour: Behaviour, path?: string): void;
  /** Until there are at least so many requests (returns all of them), or one that fits (returns those that do). */
  waitFor(
    wanted: number | ((request: ReceivedRequest) => boolean),
    options?: WaitForOptions,
  ): Promise<ReceivedRequest[]>;
  clear(): void;
  /** Stops accepting connections and breaks those that are open; `resume` listens on the same port again. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export async function startReceiver({
  behaviour = { status: 200 },
}: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = new HttpReceiver(behaviour);
  await receiver.resume();
  return receiver;
}

class HttpReceiver implements Receiver {
  readonly requests: ReceivedRequest[] = [];
  connectionCount = 0;
  port = 0;
  readonly #server = createServer((request, response) => void this.#receive(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #stop = new AbortController();
  #begun = 0;
  #behaviour: Behaviour;

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#server.on('connection', (socket) => {
      this.connectionCount += 1;
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  requestsTo(path: string): ReceivedRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  behave(behaviour: Behaviour, path?: string): void {
    if (path === undefined) this.#behaviour = behaviour;
    else this.#behaviours.set(path, behaviour);
  }

  async waitFor(
    wanted: number | ((request: ReceivedRequest) => boolean),
    { timeoutMs = DEFAULT_TIMEOUT_MS, path }: WaitForOptions = {},
  ): Promise<ReceivedRequest[]> {
    const candidates = (): ReceivedRequest[] =>
      path === undefined ? [...this.requests] : this.requestsTo(path);
    const found = (): ReceivedRequest[] | undefined => {
      const all = candidates();
      if (typeof wanted === 'number') return all.length >= wanted ? all : undefined;
      const fitting = all.filter(wanted);
      return fitting.length > 0 ? fitting : undefined;
    };
    const what = typeof wanted === 'number' ? `${wanted} requests` : `a request with ${String(wanted)}`;
    return waitUntil(found, {
      timeoutMs,
      intervalMs: 5,
      describe: () => `${what}${path === undefined ? '' : ` to ${path}`}; received:\n${listOf(candidates())}`,
    });
  }

  clear(): void {
    this.requests.length = 0;
  }

  async pause(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async resume(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.port, '127.0.0.1', () => resolve());
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.pause();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const begun = (this.#begun += 1);
    const behaviour = this.#behaviours.get(path) ?? this.#behaviour;
    response.on('error', () => undefined);
    if (typeof behaviour !== 'function' && behaviour.reset === 'before-reading') {
      request.socket.resetAndDestroy();
      return;
    }
    const bytes = await readBody(request);
    if (bytes === undefined) return;
    const received = record(request, bytes, begun);
    this.requests.push(received);
    await behave({ behaviour, request: received, response, stop: this.#stop.signal });
  }
}

/** undefined when the sender went away in the middle. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function record(request: IncomingMessage, bytes: Buffer, begun: number): ReceivedRequest {
  const body = bytes.toString('utf8');
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    body,
    bytes,
    json: () => parse(body) as Record<string, unknown>,
    receivedAt: Date.now(),
    begun,
    remotePort: request.socket.remotePort ?? 0,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new Error(`the body is not JSON: ${body.slice(0, 500)}`, { cause });
  }
}

function listOf(requests: readonly ReceivedRequest[]): string {
  if (requests.length === 0) return '  nothing';
  const lines = requests
    .slice(-20)
    .map(({ method, path, body }) => `  ${method} ${path} ${body.slice(0, 200)}`);
  return [...(requests.length > 20 ? [`  … ${requests.length - 20} more before`] : []), ...lines].join('\n');
}
