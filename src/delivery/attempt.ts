/**
 * One POST from the first look at its connection to its outcome, as a handler of the HTTP client's events. One clock
 * covers all of it. `mayWrite` is asked in the same tick in which the request is written, and a request is written once:
 * the client asking to start it again is refused.
 */
import { performance } from 'node:perf_hooks';
import { failpointAfterWrite } from '../failpoint.ts';
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

export type PostResult = Outcome | { readonly kind: 'not_written' };

/** What an attempt needs of the connection it runs on. */
export interface AttemptConnection {
  /** The peer is not on the public internet: what it answers is for nobody's eyes. */
  readonly isInternal: boolean;
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
  readonly #deadlineAt: number;
  readonly #timer: NodeJS.Timeout;
  #isSettled = false;
  #isWritten = false;
  #status: number | undefined;
  #answer: Buffer[] = [];
  #answerBytes = 0;

  constructor(request: PostRequest, connection: AttemptConnection) {
    ({ promise: this.result, resolve: this.#resolve } = Promise.withResolvers<PostResult>());
    this.#request = request;
    this.#connection = connection;
    this.#deadlineAt = performance.now() + request.timeoutMs;
    // Node keeps one list per duration, so a timer for each of many equal deadlines is cheap. What has arrived while
    // the process was busy comes first: hence setImmediate.
    this.#timer = setTimeout(() => setImmediate(() => this.expire()), request.timeoutMs);
  }

  get isWritten(): boolean {
    return this.#isWritten;
  }

  /** @throws when the request must not be written. */
  onRequestStart(): void {
    if (this.#isSettled || this.#isWritten) throw notWritten;
    const refusal = this.#refusalToWrite();
    if (refusal === null) {
      this.#isWritten = true;
      failpointAfterWrite('written');
      this.#connection.beginAnswer();
      return;
    }
    this.#settle(refusal);
    this.#connection.release();
    throw notWritten;
  }

  onResponseStart(_controller: unknown, status: number): void {
    if (status >= 200) this.#status = status;
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#isSettled || this.#answerBytes >= keptAnswerBytes) return;
    const kept = Buffer.from(chunk.subarray(0, keptAnswerBytes - this.#answerBytes));
    this.#answer.push(kept);
    this.#answerBytes += kept.length;
  }

  onResponseEnd(): void {
    this.#settle(this.#outcomeByStatus() ?? failed('protocol', 'no status in the answer'));
    this.#connection.release();
  }

  onResponseError(_controller: unknown, error: unknown): void {
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

  #refusalToWrite(): PostResult | null {
    if (performance.now() >= this.#deadlineAt) return this.#timeout();
    try {
      return this.#request.mayWrite() ? null : { kind: 'not_written' };
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
    const text = this.#connection.isInternal ? '' : Buffer.concat(this.#answer).toString('utf8');
    const detail = singleLine(text, detailCharacters);
    return detail === '' ? { kind: 'rejected', status } : { kind: 'rejected', status, detail };
  }

  #settle(result: PostResult): void {
    this.#isSettled = true;
    clearTimeout(this.#timer);
    this.#answer = [];
    this.#resolve(result);
  }
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
