// The public API as the OpenAPI document describes it. A refusal becomes an ApiProblem with the service's own sentence.
import createClient, { type Middleware } from 'openapi-fetch';
import { currentToken, tokenRefused } from '../session.ts';
import type { components, paths } from './openapi.ts';

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

const authorize: Middleware = {
  onRequest({ request }) {
    const token = currentToken();
    if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
    return request;
  },
  async onResponse({ request, response }) {
    // One that came back after another token was given says nothing of that one.
    const token = currentToken();
    const isOfThisToken =
      request.headers.get('authorization') === (token === null ? null : `Bearer ${token}`);
    if (response.status === 401 && isOfThisToken) tokenRefused(await sentenceOf(response.clone(), token));
  },
};

export const api = createClient<paths>({ baseUrl: new URL('.', location.href).href.replace(/\/$/, '') });
api.use(authorize);

interface Answer<T> {
  readonly data?: T;
  readonly error?: ProblemDetails;
  readonly response: Response;
}

/** @throws {ApiProblem} */
export async function answerOf<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked.catch((cause: unknown) => {
    throw new Error('The service cannot be reached.', { cause });
  });
  if (!response.ok) throw new ApiProblem(response.status, error ?? {});
  return data as T;
}

async function sentenceOf(response: Response, token: string | null): Promise<string> {
  if (token === null) return '';
  const { detail } = (await response.json().catch(() => ({}))) as Partial<ProblemDetails>;
  return detail ?? 'The token is not valid.';
}
