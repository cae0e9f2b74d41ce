// What a route is: the words and schemas that the OpenAPI document is made of are the ones that requests are checked with.
import type { z } from 'zod';
import type { Principal } from './access.ts';
import { forOperators, Problem, type FieldProblem } from './problem.ts';

export interface Reply {
  readonly status: number;
  /** As JSON, or a stream; absent: none. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly description: string;
  /** Absent: no body. */
  readonly schema?: z.ZodType;
  /** Other than JSON. */
  readonly mediaType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Inputs<Params, Query, Body> {
  readonly principal: Principal;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The revision that a change is meant for, from If-Match; undefined: whichever there is. */
  readonly revision: number | undefined;
  readonly lastEventId: string | undefined;
  /** Aborts when the caller goes away before the answer; of what sends something also when the service stops. */
  readonly signal: AbortSignal;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: `/v1/webhooks/{id}`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly isOperatorsOnly?: boolean;
  /** Takes If-Match. */
  readonly isVersioned?: boolean;
  /** Answers with a stream that stays open; takes Last-Event-ID. */
  readonly isLive?: boolean;
  /** Sends something to a receiver while its caller waits. */
  readonly isSending?: boolean;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly answers: Readonly<Record<number, Answer>>;
  /** @throws {Problem} for input that breaks its schema. */
  answer(raw: RawInputs): Promise<Reply>;
}

export interface RawInputs {
  readonly principal: Principal;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly ifMatch: string | undefined;
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<string, never>;

type Definition<P, Q, B> = Omit<Route, 'params' | 'query' | 'body' | 'answer'> & {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  handle(inputs: Inputs<Parsed<P>, Parsed<Q>, Parsed<B>>): Promise<Reply>;
};

export function route<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
>({ handle, params, query, body, ...rest }: Definition<P, Q, B>): Route {
  return {
    ...rest,
    ...(params && { params }),
    ...(query && { query }),
    ...(body && { body }),
    answer: async (raw) => {
      const { principal } = raw;
      if (rest.isOperatorsOnly === true && principal.kind !== 'operator') {
        throw new Problem(403, forOperators);
      }
      const problems: FieldProblem[] = [];
      const inputs = {
        principal,
        params: parse(params, raw.params, 'path', problems) as Parsed<P>,
        query: parse(query, raw.query, 'query', problems) as Parsed<Q>,
        body: parse(body, raw.body, 'body', problems) as Parsed<B>,
        signal: raw.signal,
        revision: rest.isVersioned === true ? readIfMatch(raw.ifMatch) : undefined,
        lastEventId: raw.lastEventId,
      };
      if (problems.length > 0) throw invalid(problems);
      return await handle(inputs);
    },
  };
}

function parse(
  schema: z.ZodObject | undefined,
  input: unknown,
  where: string,
  problems: FieldProblem[],
): unknown {
  if (schema === undefined) return {};
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    const problem = message.endsWith('received undefined') ? 'it is missing' : message;
    problems.push({ at: [where, ...path.map(String)].join('.'), problem });
  }
  return undefined;
}

function invalid(problems: readonly FieldProblem[]): Problem {
  const detail = problems.map(({ at, problem }) => `${at}: ${problem}`).join('; ');
  return new Problem(422, detail, { fields: problems });
}

function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const revision = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (revision === undefined)
    throw new Problem(400, 'If-Match holds one ETag as this API gives it, such as "3", or *.');
  return Number(revision);
}
