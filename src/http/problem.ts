// What went wrong, as RFC 9457 problem details. `detail` is a sentence for people: it names what is wrong and how to mend it, and holds
// no secret.
import { STATUS_CODES } from 'node:http';
import { ExitError, type Refusal } from '../exit-error.ts';

export interface FieldProblem {
  /** `body.url`, `query.limit`. */
  readonly at: string;
  readonly problem: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly fields: readonly FieldProblem[];
  readonly headers: Readonly<Record<string, string>>;
  readonly remedy: string | undefined;

  constructor(
    status: number,
    detail: string,
    more: {
      readonly fields?: readonly FieldProblem[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly remedy?: string | undefined;
    } = {},
  ) {
    super(detail);
    this.status = status;
    this.fields = more.fields ?? [];
    this.headers = more.headers ?? {};
    this.remedy = more.remedy;
  }

  toJSON(): object {
    const { status, message: detail, fields, remedy } = this;
    const errors = fields.length === 0 ? {} : { errors: fields };
    return {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail,
      ...(remedy !== undefined && { remedy }),
      ...errors,
    };
  }
}

export const forOperators = "This is the operator's: a company's token does not open it.";

const statuses: Readonly<Record<Refusal, number>> = {
  unknown: 404,
  taken: 409,
  stale: 412,
  refused: 422,
  unavailable: 503,
  slow: 503,
  busy: 503,
};

// What the database says of these names the server, or says nothing to whoever asks.
const words: Partial<Record<Refusal, string>> = {
  unavailable: 'The database cannot be asked now. Try again in a moment.',
  slow: 'The database took too long for this. Ask for less (a smaller limit, a shorter time), or try again later.',
  busy: 'Too many requests wait for the database. Try again in a moment.',
};

/** What the database said; undefined: nobody foresaw it. What mends it names relations and commands: it is for the operator. */
export function problemOf(error: unknown, isOperator: boolean): Problem | undefined {
  if (error instanceof Problem) return error;
  if (!(error instanceof ExitError) || error.refusal === undefined) return undefined;
  const status = statuses[error.refusal];
  const detail = words[error.refusal] ?? error.message;
  const remedy = isOperator && words[error.refusal] === undefined ? error.remedy : undefined;
  return new Problem(status, detail, { remedy, ...(status === 503 && { headers: { 'retry-after': '2' } }) });
}
