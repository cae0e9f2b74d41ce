/**
 * One POST from the first look for a connection to its outcome. One clock covers all of it. Invariant: `mayWrite` is
 * asked in the very tick in which the request is written, and a request is written once.
 */
import { performance } from 'node:perf_hooks';
import { failpointAfterWrite } from '../failpoint.ts';
import type { Answer, Breach } from './answer.ts';
import type { AttemptTrace, DialTimes } from './attempt-trace.ts';
import { codeOf, DialError } from './dial.ts';
import { singleLine, type Outcome } from './outcome.ts';

export interface PostRequest {
  readonly url: string;
  readonly body: string | Buffer;
  /** Told to the receiver in the header `rowhook-delivery`; a delivery has none. */
  readonly mark?: 'test' | 'resend' | undefined;
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

const detailCharacters = 200;

const breaches: Readonly<Record<Breach, string>> = {
  invalid: 'the answer is not proper HTTP/1.1',
  'long head': 'the head of the answer is longer than 16 KiB',
  exceeded: 'no status within the first 64 KiB of the answer',
};

export class Attempt {
  readonly request: PostRequest;
  readonly result: Promise<PostResult>;
  /** Of the connection that was opened for it. */
  dialTimes: DialTimes | null = null;
  /** Its time is over, and it has its outcome: nobody waits for its connection any more. */
  onExpired: () => void = () => undefined;
  #resolve: (result: PostResult) => void = () => undefined;
  readonly #startedAtMs: number;
  readonly #timer: NodeJS.Timeout;
  #isSettled = false;
  #answer: Answer | null = null;
  #writtenAtMs = 0;
  #firstByteMs: number | null = null;

  constructor(request: PostRequest) {
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.request = request;
    this.#startedAtMs = performance.now();
    // Node keeps one list per duration, so a timer for each of many equal deadlines is cheap. What has arrived while
    // the process was busy comes first: hence setImmediate.
    this.#timer = setTimeout(() => setImmediate(() => this.#expire()), request.timeoutMs);
  }

  get isWritten(): boolean {
    return this.#answer !== null;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether the request is to be written now, to a connection that gives this answer; otherwise it is settled. */
  mayWrite(answer: Answer): boolean {
    if (this.#isSettled || this.isWritten) return false;
    this.#writtenAtMs = performance.now();
    const refusal = this.#refusalToWrite();
    if (refusal === null) {
      this.#answer = answer;
      failpointAfterWrite('written');
      return true;
    }
    if (refusal === 'not_written') this.#end({ kind: refusal });
    else this.#settle(refusal);
    return false;
  }

  answered(): void {
    this.#firstByteMs = performance.now() - this.#writtenAtMs;
  }

  /** Nothing more is read of the answer: its status decides, if it has one. */
  finish(progress: 'complete' | Breach): void {
    const breach = progress === 'complete' ? 'invalid' : progress;
    this.#settle(this.#outcomeByStatus() ?? failed('protocol', `${breaches[breach]}; outcome unknown`));
  }

  fail(error: unknown): void {
    if (this.#isSettled) return;
    this.#settle(
      this.#outcomeByStatus() ?? (this.isWritten ? failureAfterWrite(error) : failureBeforeWrite(error)),
    );
  }

  /** The service stops. */
  interrupt(): void {
    const detail = this.isWritten
      ? 'stopped before an answer; outcome unknown'
      : 'stopped before anything was sent';
    this.#settle(this.#outcomeByStatus() ?? { kind: 'interrupted', detail });
  }

  #expire(): void {
    if (this.#isSettled) return;
    this.#settle(this.#outcomeByStatus() ?? this.#timeout());
    this.onExpired();
  }

  #refusalToWrite(): Outcome | 'not_written' | null {
    if (this.#writtenAtMs - this.#startedAtMs >= this.request.timeoutMs) return this.#timeout();
    try {
      return this.request.mayWrite() ? null : 'not_written';
    } catch (error) {
      return {
        kind: 'interrupted',
        detail: `nothing was sent: ${error instanceof Error ? error.message : ''}`,
      };
    }
  }

  #timeout(): Outcome {
    const phase = this.isWritten
      ? 'without an answer; outcome unknown'
      : 'while connecting; nothing was sent';
    return failed('timeout', `after ${this.request.timeoutMs} ms ${phase}`);
  }

  #outcomeByStatus(): Outcome | null {
    const status = this.#answer?.head?.status;
    if (status === undefined) return null;
    if (status < 300) return { kind: 'delivered', status };
    const detail = singleLine(this.#answer?.kept?.toString('utf8') ?? '', detailCharacters);
    return detail === '' ? { kind: 'rejected', status } : { kind: 'rejected', status, detail };
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#end({ kind: 'finished', outcome, trace: this.#trace() });
  }

  #trace(): AttemptTrace {
    const times = this.dialTimes;
    times?.end();
    return {
      dnsMs: times?.dnsMs ?? null,
      connectMs: times?.connectMs ?? null,
      tlsMs: times?.tlsMs ?? null,
      firstByteMs: this.#firstByteMs,
      totalMs: performance.now() - this.#startedAtMs,
      answer: this.#answer?.kept ?? null,
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
  return failed('reset', `${codeOf(error) || 'the connection was closed'} before anything was sent`);
}

function failureAfterWrite(error: unknown): Outcome {
  const code = codeOf(error);
  if (code.startsWith('ERR_SSL_'))
    return failed('tls', `${code} after the request was sent; outcome unknown`);
  return failed(
    'reset',
    `${code || 'the connection was closed'} after the request was sent; outcome unknown`,
  );
}
