/**
 * One connection to one origin, which carries one request at a time: opened, written to, read from, kept for the next
 * request or closed. Nothing is written while anything of an earlier answer may still come, as far as anybody can know.
 */
import type { OnReadOpts, Socket } from 'node:net';
import { Answer } from './answer.ts';
import { DialTimes } from './attempt-trace.ts';
import type { Attempt, PostRequest } from './attempt.ts';
import { DialError } from './dial.ts';
import { isForbidden } from './ip-ranges.ts';

/** Where a request goes. */
export interface Target {
  readonly origin: string;
  /** All of a request up to the length of its body. */
  readonly requestHead: string;
}

export interface ConnectionOptions {
  readonly dial: (signal: AbortSignal, times: DialTimes, onread: OnReadOpts) => Promise<Socket>;
  /** Calls `write` once everything that has arrived by now has been read. */
  readonly scheduleWrite: (connection: Connection) => void;
  readonly onIdle: (connection: Connection) => void;
  readonly onClose: (connection: Connection) => void;
  /** It was kept alive and is gone before a byte of this was written to it. */
  readonly onUnsent: (attempt: Attempt, target: Target) => void;
}

// Under 4 s, whatever the receiver offers: common ones close after 5 s, and a request written into a connection that
// is being closed is lost with its outcome unknown.
const maxIdleMs = 3_500;
// What a receiver offers is over for us this much earlier: its end takes time to reach us.
const idleMarginMs = 2_000;
// An answer may come before the request is out. With TLS the socket also says so for a moment once it is: a connection
// with a little left is kept, and looked at again before it is written to.
const maxUnsentBytes = 64 * 1024;

// One for all: without a reason each `abort` makes an error with a stack, which nobody reads.
const closed = 'closed';

// What has arrived is read in the very tick in which it is handed over, so one buffer serves all connections, and a read allocates nothing.
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

export class Connection {
  readonly origin: string;
  /** How long it may stay idle. */
  idleMs = maxIdleMs;
  readonly #options: ConnectionOptions;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<undefined>();
  #socket: Socket | null = null;
  /** The peer is not on the public internet: what it answers is for nobody's eyes. */
  #isInternal = true;
  #wasKept = false;
  #attempt: Attempt | null = null;
  #requestHead = '';
  #answer: Answer | null = null;

  constructor(origin: string, options: ConnectionOptions) {
    this.origin = origin;
    this.#options = options;
  }

  /** Fulfilled when the socket is gone. */
  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  /** On a connection that is new or idle. */
  post(attempt: Attempt, { requestHead }: Target): void {
    this.#attempt = attempt;
    this.#requestHead = requestHead;
    attempt.onExpired = this.#giveUp;
    if (this.#socket === null) void this.#open(attempt);
    else this.#options.scheduleWrite(this);
  }

  readonly #onread: OnReadOpts = {
    buffer: readBuffer,
    callback: (bytes) => {
      this.#read(readBuffer.subarray(0, bytes));
      return true;
    },
  };

  readonly #giveUp = (): void => this.close();

  write(): void {
    const attempt = this.#attempt;
    const socket = this.#socket;
    if (attempt === null || socket === null || attempt.isWritten) return;
    if (this.#unsentBytes > 0) {
      this.#lost(undefined);
      return;
    }
    const answer = new Answer(!this.#isInternal);
    if (!attempt.mayWrite(answer)) {
      this.#release();
      return;
    }
    this.#answer = answer;
    writeRequest(socket, this.#requestHead, attempt.request);
  }

  interrupt(): void {
    this.#attempt?.interrupt();
    this.close();
  }

  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#attempt = null;
    this.#options.onClose(this);
    this.#closing.abort(closed);
    if (this.#socket === null) this.#closed.resolve(undefined);
    else this.#socket.destroy();
  }

  get #unsentBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  async #open(attempt: Attempt): Promise<void> {
    const times = new DialTimes();
    attempt.dialTimes = times;
    try {
      const socket = await this.#options.dial(this.#closing.signal, times, this.#onread);
      if (this.#closing.signal.aborted) {
        socket.destroy();
        return;
      }
      if (socket.destroyed) throw new DialError('reset', 'closed before anything was sent');
      this.#listen(socket);
      // What the receiver says before it was asked anything has arrived by then.
      this.#options.scheduleWrite(this);
    } catch (error) {
      this.#lost(error);
    }
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    this.#isInternal = isForbidden(socket.remoteAddress ?? '');
    let failure: unknown;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('end', () => this.#lost(failure));
    socket.on('close', () => {
      this.#lost(failure);
      this.#closed.resolve(undefined);
    });
  }

  #read(chunk: Buffer): void {
    const attempt = this.#attempt;
    const answer = this.#answer;
    if (attempt === null || answer === null) {
      this.#spokeUnasked();
      return;
    }
    const hadHead = answer.head !== null;
    const progress = answer.feed(chunk);
    if (!hadHead && answer.head !== null) attempt.answered();
    if (progress === 'more') return;
    attempt.finish(progress);
    if (progress === 'complete' && answer.isReusable) this.#keep(answer);
    else this.close();
  }

  #keep({ head }: Answer): void {
    const offeredMs = head?.keepAliveMs ?? Infinity;
    this.idleMs = Math.min(maxIdleMs, offeredMs - idleMarginMs);
    if (this.idleMs > 0) this.#release();
    else this.close();
  }

  #release(): void {
    this.#attempt = null;
    this.#answer = null;
    this.#wasKept = true;
    if (this.#closing.signal.aborted || this.#unsentBytes > maxUnsentBytes) this.close();
    else this.#options.onIdle(this);
  }

  // Bytes that answer nothing: what follows them could be taken for the answer to a request that it does not belong to.
  #spokeUnasked(): void {
    this.#lost(new DialError('protocol', 'the receiver spoke before it was asked; nothing was sent'));
  }

  /** No more will come; what an answer without a length said is complete by that. */
  #lost(error: unknown): void {
    const attempt = this.#attempt;
    this.close();
    if (attempt === null) return;
    if (this.#wasKept && !attempt.isWritten && !attempt.isSettled) {
      this.#options.onUnsent(attempt, { origin: this.origin, requestHead: this.#requestHead });
      return;
    }
    attempt.fail(error);
  }
}

// One write for both, so that they leave together.
function writeRequest(socket: Socket, head: string, { body }: PostRequest): void {
  if (typeof body === 'string') {
    const bytes = Buffer.byteLength(body);
    // The head is ASCII; what is all ASCII needs no second look at every character.
    socket.write(`${head}${bytes}\r\n\r\n${body}`, bytes === body.length ? 'latin1' : 'utf8');
    return;
  }
  socket.cork();
  socket.write(`${head}${body.length}\r\n\r\n`, 'latin1');
  if (body.length > 0) socket.write(body);
  socket.uncork();
}
