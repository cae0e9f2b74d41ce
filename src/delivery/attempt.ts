/**
 * One POST from the first look at its connection to its outcome, as a handler of the HTTP client's events (those that
 * it calls without building objects for each answer). One clock covers all of it. `mayWrite` is asked in the same tick in which the request is written, and a request is written once:
 * the client asking to start it again is refused.
 */
import { performance } from 'node:perf_hooks';
import { failpointAfterWrite } from '../failpoint.ts';
import type { AttemptTrace, DialTimes } from './attempt-trace.ts';
import { codeOf, DialError } from './dial.ts';
import { singleLine, type Outcome } from './outcome.ts';

export interface PostRequest {
  readonly url: string;
  readonly body: string | Buffer;
  /** For name, connection, TLS, head and body of the answer together. */
  readonly timeoutMs: number;
  /** Called on an open connection right before the request is written; false = nothing is written. */
  readonly mayWrite: () => boolean;
}

export type PostResult = FinishedPost | { readonly kind: 'not_written' };

export interface FinishedPost {
  readonly kind: 'finished';
  readonly outcome: Outcome;
  readonly trace: AttemptTrace;
}

/** What an attempt needs of the connection it runs on. */
export interface AttemptConnection {
  /** The peer is not on the public internet: what it answers is for nobody's eyes. */
  readonly isInternal: boolean;
  /** Of the opening of this connection; null when it was open before. */
  readonly dialTimes: DialTimes | null;
  /** Called when the request is about to be written. */
  beginAnswer(): void;
  /** The exchange is complete: the connection may serve the next. */
  release(): void;
  close(): void;
}

const keptAnswerBytes = 4_096;
const detailCharacters = 200;

// Thrown to the client to make it give the request up and keep the connection; a shared one, for nobody reads it.
const notWritten = new Error('the request was not written');

export class Attempt {
  readonly result: Promise<PostResult>;
  readonly #resolve: (result: PostResult) => void;
  readonly #request: PostRequest;
  readonly #connection: AttemptConnection;
  readonly #startedAtMs: number;
  readonly #timer: NodeJS.Timeout;
  #isSettled = false;
  #isWritten = false;
  #status: number | undefined;
  #writtenAtMs = 0;
  #firstByteMs: number | null = null;
  #answer: Buffer | null = null;

  constructor(request: PostRequest, connection: AttemptConnection) {
    ({ promise: this.result, resolve: this.#resolve } = Promise.withResolvers<PostResult>());
    this.#request = request;
    this.#connection = connection;
    this.#startedAtMs = performance.now();
    // Node keeps one list per duration, so a timer for each of many equal deadlines is cheap. What has arrived while
    // the process was busy comes first: hence setImmediate.
    this.#timer = setTimeout(() => setImmediate(() => this.expire()), request.timeoutMs);
  }

  get isWritten(): boolean {
    return this.#isWritten;
  }

  /** @throws when the request must not be written. */
  onConnect(): void {
    if (this.#isSettled || this.#isWritten) throw notWritten;
    this.#writtenAtMs = performance.now();
    const refusal = this.#refusalToWrite();
    if (refusal === null) {
      this.#isWritten = true;
      failpointAfterWrite('written');
      this.#connection.beginAnswer();
      return;
    }
    if (refusal === 'not_written') this.#end({ kind: refusal });
    else this.#settle(refusal);
    this.#connection.release();
    throw notWritten;
  }

  onHeaders(status: number): boolean {
    if (status >= 200) {
      this.#status = status;
      this.#firstByteMs = performance.now() - this.#writtenAtMs;
    }
    return true;
  }

  // A copy: what comes is a view of a buffer that is many times as large.
  onData(chunk: Buffer): boolean {
    const kept = this.#answer?.length ?? 0;
    if (this.#isSettled || this.#connection.isInternal || kept >= keptAnswerBytes) return true;
    const part = chunk.subarray(0, keptAnswerBytes - kept);
    this.#answer = this.#answer === null ? Buffer.from(part) : Buffer.concat([this.#answer, part]);
    return true;
  }

  onComplete(): void {
    this.#settle(this.#outcomeByStatus() ?? failed('protocol', 'no status in the answer'));
    this.#connection.release();
  }

  onError(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle(
      this.#outcomeByStatus() ?? (this.#isWritten ? failureAfterWrite(error) : failureBeforeWrite(error)),
    );
    this.#connection.close();
  }

  /** More of an answer came than we read. */
  exceed(): void {
    if (this.#isSettled) return;
    this.#settle(
      this.#outcomeByStatus() ?? failed('protocol', 'no status within the first 64 KiB of the answer'),
    );
    this.#connection.close();
  }

  expire(): void {
    if (this.#isSettled) return;
    this.#settle(this.#outcomeByStatus() ?? this.#timeout());
    this.#connection.close();
  }

  /** The service stops. */
  interrupt(): void {
    const detail = this.#isWritten
      ? 'stopped before an answer; outcome unknown'
      : 'stopped before anything was sent';
    this.#settle(this.#outcomeByStatus() ?? { kind: 'interrupted', detail });
  }

  #refusalToWrite(): Outcome | 'not_written' | null {
    if (this.#writtenAtMs - this.#startedAtMs >= this.#request.timeoutMs) return this.#timeout();
    try {
      return this.#request.mayWrite() ? null : 'not_written';
    } catch (error) {
      return {
        kind: 'interrupted',
        detail: `nothing was sent: ${error instanceof Error ? error.message : ''}`,
      };
    }
  }

  #timeout(): Outcome {
    const phase = this.#isWritten
      ? 'without an answer; outcome unknown'
      : 'while connecting; nothing was sent';
    return failed('timeout', `after ${this.#request.timeoutMs} ms ${phase}`);
  }

  #outcomeByStatus(): Outcome | null {
    const status = this.#status;
    if (status === undefined) return null;
    if (status < 300) return { kind: 'delivered', status };
    const detail = singleLine(this.#answer?.toString('utf8') ?? '', detailCharacters);
    return detail === '' ? { kind: 'rejected', status } : { kind: 'rejected', status, detail };
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#end({ kind: 'finished', outcome, trace: this.#trace() });
  }

  #trace(): AttemptTrace {
    const times = this.#connection.dialTimes;
    times?.end();
    return {
      dnsMs: times?.dnsMs ?? null,
      connectMs: times?.connectMs ?? null,
      tlsMs: times?.tlsMs ?? null,
      firstByteMs: this.#firstByteMs,
      totalMs: performance.now() - this.#startedAtMs,
      answer: this.#answer,
    };
  }

  #end(result: PostResult): void {
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#resolve(result);
  }
}

const nothingMeasured: AttemptTrace = {
  dnsMs: null,
  connectMs: null,
  tlsMs: null,
  firstByteMs: null,
  totalMs: 0,
  answer: null,
};

/** What is decided without a connection. */
export function decided(outcome: Outcome): FinishedPost {
  return { kind: 'finished', outcome, trace: nothingMeasured };
}

export function failed(failureClass: DialError['class'], detail: string): Outcome {
  return { kind: 'failed', class: failureClass, detail };
}

function failureBeforeWrite(error: unknown): Outcome {
  if (error instanceof DialError) return failed(error.class, error.detail);
  return failed('protocol', `nothing was sent: ${codeOf(error) || 'the request could not be made'}`);
}

const protocolCodes = ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'];

// undici's parser errors have a name and no code. "bad response" (an answer to nothing) and "bad upgrade" (101 unasked)
// share the code of a closed connection.
function failureAfterWrite(error: unknown): Outcome {
  const code = codeOf(error);
  const { name, message } = error instanceof Error ? error : { name: '', message: '' };
  if (name === 'HTTPParserError' || protocolCodes.includes(code) || message.startsWith('bad ')) {
    return failed('protocol', 'the answer is not proper HTTP/1.1; outcome unknown');
  }
  if (code.startsWith('ERR_SSL_'))
    return failed('tls', `${code} after the request was sent; outcome unknown`);
  const reason = code === '' || code === 'UND_ERR_SOCKET' ? 'the connection was closed' : code;
  return failed('reset', `${reason} after the request was sent; outcome unknown`);
}
