/** A TCP proxy that a test puts before Postgres or an endpoint, to break the line at an exact place. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type Direction = 'toServer' | 'toClient';

export interface CutAfterOptions {
  /** The first bytes forwarded to the server that contain this text end it. */
  readonly pattern: string;
}

export interface TcpProxy extends AsyncDisposable {
  /** The target's URL with the proxy's address in place of its own. */
  readonly url: string;
  readonly port: number;
  readonly connectionCount: number;
  /** Bytes forwarded so far, over all connections. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /**
   * Holds back one direction until `pass`. The line itself stays open. On all connections, or on those that are open now and
   * whose first bytes to the server contain this text (the startup packet of a connection to Postgres).
   */
  stall(direction: Direction, only?: string): void;
  /** Ends every stall, refusal and planned cut. */
  pass(): void;
  /** Resets all open connections; new ones are accepted. */
  cut(): void;
  /** Resets every new connection. */
  refuse(): void;
  /** New connections go there; its address stays. */
  pointTo(targetUrl: string): void;
  /** Sends FIN in one direction on all open connections; the other direction goes on. */
  halfClose(direction: Direction): void;
  /** Resets a connection once so many further bytes went in that direction over it. */
  cutAfterBytes(direction: Direction, count: number): void;
  /**
   * The server gets everything up to and including the bytes with the pattern, and then the end of the stream; the client
   * gets a reset and no answer. Happens once; resolves then.
   */
  cutAfter(options: CutAfterOptions): Promise<void>;
}

export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const proxy = new LineProxy(new URL(targetUrl));
  await proxy.listen();
  return proxy;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly sent: Record<Direction, number>;
  /** The end of what went to the server, so that a pattern is also found across two reads. */
  tail: string;
  isCut: boolean;
  readonly stalled: Set<Direction>;
  /** The first bytes that went to the server. */
  opening: string;
}

interface PlannedCut {
  readonly pattern: string;
  readonly done: () => void;
}

class LineProxy implements TcpProxy {
  readonly bytes = { toServer: 0, toClient: 0 };
  connectionCount = 0;
  #target: URL;
  readonly #server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  readonly #links = new Set<Link>();
  /** On all connections, later ones too. */
  readonly #stalled = new Set<Direction>();
  #isRefusing = false;
  #byteLimit: { readonly direction: Direction; readonly count: number } | undefined;
  #plannedCut: PlannedCut | undefined;

  constructor(target: URL) {
    this.#target = target;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  stall(direction: Direction, only?: string): void {
    if (only === undefined) this.#stalled.add(direction);
    for (const link of this.#links) {
      if (only !== undefined && !link.opening.includes(only)) continue;
      link.stalled.add(direction);
      sourceOf(link, direction).pause();
    }
  }

  pass(): void {
    this.#stalled.clear();
    this.#isRefusing = false;
    this.#byteLimit = undefined;
    this.#plannedCut = undefined;
    for (const link of this.#links) {
      link.stalled.clear();
      link.client.resume();
      link.server.resume();
    }
  }

  cut(): void {
    for (const link of this.#links) reset(link);
  }

  refuse(): void {
    this.#isRefusing = true;
  }

  pointTo(targetUrl: string): void {
    this.#target = new URL(targetUrl);
  }

  halfClose(direction: Direction): void {
    for (const link of this.#links) sinkOf(link, direction).end();
  }

  cutAfterBytes(direction: Direction, count: number): void {
    this.#byteLimit = { direction, count };
    for (const link of this.#links) link.sent[direction] = 0;
  }

  cutAfter({ pattern }: CutAfterOptions): Promise<void> {
    return new Promise((done) => {
      this.#plannedCut = { pattern, done };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #accept(client: Socket): void {
    this.connectionCount += 1;
    if (this.#isRefusing) {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const server = connect({
      host: this.#target.hostname,
      port: Number(this.#target.port || defaultPort(this.#target)),
      allowHalfOpen: true,
    });
    const link: Link = {
      client,
      server,
      sent: { toServer: 0, toClient: 0 },
      tail: '',
      isCut: false,
      stalled: new Set(this.#stalled),
      opening: '',
    };
    this.#links.add(link);
    this.#forward(link, 'toServer');
    this.#forward(link, 'toClient');
  }

  #forward(link: Link, direction: Direction): void {
    const [source, sink] = [sourceOf(link, direction), sinkOf(link, direction)];
    source.on('data', (chunk: Buffer) => this.#pass(link, direction, chunk));
    source.on('end', () => sink.end());
    source.on('error', () => reset(link));
    source.on('close', () => {
      this.#links.delete(link);
      sink.end();
    });
    sink.on('drain', () => {
      if (!link.stalled.has(direction)) source.resume();
    });
    if (link.stalled.has(direction)) source.pause();
  }

  #pass(link: Link, direction: Direction, chunk: Buffer): void {
    const sink = sinkOf(link, direction);
    if (link.isCut || sink.destroyed || sink.writableEnded) return;
    const limit = this.#byteLimit;
    const room = limit?.direction === direction ? limit.count - link.sent[direction] : Infinity;
    const part = chunk.subarray(0, Math.max(0, room));
    link.sent[direction] += part.length;
    this.bytes[direction] += part.length;
    if (chunk.length >= room) {
      link.isCut = true;
      sink.write(part, () => reset(link));
      return;
    }
    const isTaken = sink.write(part);
    if (direction === 'toServer') {
      if (link.opening === '') link.opening = chunk.toString('latin1');
      this.#cutIfPlanned(link, chunk);
    }
    if (!isTaken) sourceOf(link, direction).pause();
  }

  #cutIfPlanned(link: Link, chunk: Buffer): void {
    const planned = this.#plannedCut;
    if (planned === undefined) return;
    const seen = link.tail + chunk.toString('latin1');
    link.tail = seen.slice(-planned.pattern.length);
    if (!seen.includes(planned.pattern)) return;
    this.#plannedCut = undefined;
    link.client.resetAndDestroy();
    // A reset would make the server drop what it has not read yet: it gets an orderly end, and its answer is thrown away.
    link.server.removeAllListeners('data').resume().end();
    planned.done();
  }
}

function sourceOf(link: Link, direction: Direction): Socket {
  return direction === 'toServer' ? link.client : link.server;
}

function sinkOf(link: Link, direction: Direction): Socket {
  return direction === 'toServer' ? link.server : link.client;
}

function reset(link: Link): void {
  link.client.resetAndDestroy();
  link.server.resetAndDestroy();
}

function defaultPort(target: URL): number {
  if (target.protocol === 'http:') return 80;
  return target.protocol === 'https:' ? 443 : 5432;
}
