/**
 * What one attempt measured: how long each phase took and the beginning of the answer. A phase that did not happen is
 * null, as those of connecting are on a connection that was kept alive.
 */
import { performance } from 'node:perf_hooks';

export interface AttemptTrace {
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  /** From the writing of the request to the head of the answer. */
  readonly firstByteMs: number | null;
  /** From the first look at a connection to the end. */
  readonly totalMs: number;
  /**
   * The first 4 KiB of the answer's body as they came; null when there was none, and always when the target is not on
   * the public internet: what it says is for nobody who reads a log, also when ROWHOOK_ALLOW_TARGETS opened it.
   */
  readonly answer: Buffer | null;
}

type Phase = 'dnsMs' | 'connectMs' | 'tlsMs';

/** The phases of opening one connection, one after the other. */
export class DialTimes {
  dnsMs: number | null = null;
  connectMs: number | null = null;
  tlsMs: number | null = null;
  #phase: Phase | null = null;
  #sinceMs = 0;

  begin(phase: Phase): void {
    this.end();
    this.#phase = phase;
    this.#sinceMs = performance.now();
  }

  /** Of the phase under way, also when it was given up. */
  end(): void {
    if (this.#phase !== null) this[this.#phase] = performance.now() - this.#sinceMs;
    this.#phase = null;
  }
}
