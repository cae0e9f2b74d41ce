// The public API as the OpenAPI document describes it. A refusal becomes an ApiProblem with the service's own sentence.
import createClient from 'openapi-fetch';
import { currentToken, refusalOf, tokenRefused } from '../session.ts';
import type { components, paths } from './openapi.ts';
import { ask, baseUrl } from './reach.ts';

type ProblemDetails = components['schemas']['Problem'];

export class ApiProblem extends Error {
  readonly status: number;
  /** What is wrong with which field: `body.url`. */
  readonly fields: readonly { readonly at: string; readonly problem: string }[];

  constructor(status: number, { detail, errors }: Partial<ProblemDetails>) {
    super(detail ?? `The service answered ${status}.`);
    this.status = status;
    this.fields = errors ?? [];
  }
}

export const api = createClient<paths>({ baseUrl, fetch: askWithToken });

/** With the token of this moment. One that was refused is not tried again: it would be counted against this address. */
async function askWithToken(request: Request): Promise<Response> {
  const refusal = refusalOf();
  if (refusal !== null) throw new ApiProblem(401, { detail: refusal });
  const token = currentToken();
  if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
  const response = await ask(request);
  // One that came back after another token was given says nothing of that one.
  if (response.status === 401 && token === currentToken()) tokenRefused(await detailOf(response.clone()));
  return response;
}

interface Answer<T> {
  readonly data?: T;
  readonly error?: ProblemDetails;
  readonly response: Response;
}

/** @throws {ApiProblem | Unreachable} */
export async function answerOf<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw new ApiProblem(response.status, error ?? {});
  return data as T;
}

async function detailOf(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => ({}))) as Partial<ProblemDetails>;
  return problem.detail ?? 'The service does not take this token.';
}
