/**
 * The one error that chooses the process' exit code (1 failed, 2 wrong usage or configuration, 3 an operator must act).
 * It is shown as its message and its remedy, without a stack: whoever throws it has written both for people.
 */

/**
 * What a caller over HTTP is told apart by: nothing has that id, the name is taken, it was changed meanwhile, the
 * database refused the value, it is away, it took too long, or others use what there is of it.
 */
export type Refusal = 'unknown' | 'taken' | 'stale' | 'refused' | 'unavailable' | 'slow' | 'busy';

export interface ExitErrorOptions {
  readonly exitCode: 1 | 2 | 3;
  readonly refusal?: Refusal | undefined;
  /** The statement, setting or command that mends it; may span several lines. */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

export class ExitError extends Error {
  override readonly name = 'ExitError';
  readonly exitCode: 1 | 2 | 3;
  readonly remedy: string | undefined;
  readonly refusal: Refusal | undefined;

  constructor(message: string, options: ExitErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode;
    this.remedy = options.remedy;
    this.refusal = options.refusal;
  }
}
