/**
 * Requests to a service's API, by got: bounded in time, tried again only where nothing is changed, never redirected. What is wrong is
 * thrown as an ExitError. Invariant: the token goes to the address that was named, and into no message.
 */
import got, { HTTPError, RequestError, TimeoutError, type Got, type OptionsOfTextResponseBody } from 'got';
import type { z } from 'zod';
import { ExitError } from '../../exit-error.ts';
import { problemSchema } from '../../http/schemas.ts';
import { printable } from '../output.ts';

export type Query = Readonly<Record<string, string | null | undefined>>;

export interface ApiClient {
  /** What is answered has the schema's shape, and is handed on as it came: a newer service may say more. */
  get<T>(path: string, query: Query, schema: z.ZodType): Promise<T>;
  send<T>(
    method: 'post' | 'patch' | 'delete',
    path: string,
    body: unknown,
    schema: z.ZodType,
    signal?: AbortSignal,
  ): Promise<T>;
}

export interface ApiAddress {
  /** With a final slash. */
  readonly url: string;
  readonly token: string | undefined;
}

/** A page that is sent again may take 25 seconds, and asks the database before. */
const longestMs = 40_000;

export function apiClient({ url, token }: ApiAddress): ApiClient {
  const client = got.extend({
    prefixUrl: url,
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), 'user-agent': 'rowhook' },
    followRedirect: false,
    retry: { limit: 2, methods: ['GET'], statusCodes: [502, 503, 504], maxRetryAfter: 5_000 },
    timeout: { connect: 5_000, request: longestMs },
  });
  return {
    get: (path, query, schema) => ask(client, url, path, schema, { searchParams: { ...query } }),
    send: (method, path, body, schema, signal) =>
      ask(client, url, path, schema, { method, signal, ...(body !== undefined && { json: body }) }),
  };
}

async function ask<T>(
  client: Got,
  url: string,
  path: string,
  schema: z.ZodType,
  options: OptionsOfTextResponseBody,
): Promise<T> {
  const { statusCode, body, headers } = await client(path, { ...options, responseType: 'text' }).catch(
    (error: unknown) => {
      throw explain(error, url);
    },
  );
  // 204 has no body; got throws for 4xx and 5xx, and follows no 3xx.
  const answer = statusCode < 300 ? parse(body === '' ? 'null' : body) : undefined;
  if (answer !== undefined && schema.safeParse(answer).success) return answer as T;
  const where = headers.location === undefined ? '' : `, and points to ${printable(headers.location)}`;
  throw new ExitError(`what answers at ${url} is no API of rowhook (HTTP ${statusCode}${where})`, {
    exitCode: 1,
    remedy: `${checkAddress} Is the service of another version?`,
  });
}

const checkAddress =
  'Check the address (--api, ROWHOOK_API_URL): it is what ROWHOOK_LISTEN says of the service, or a proxy before it.';

function explain(error: unknown, url: string): unknown {
  if (error instanceof HTTPError) return explainAnswer(error.response.statusCode, error.response.body, url);
  if (!(error instanceof RequestError)) return error;
  const known =
    error instanceof TimeoutError ? undefined : connectionProblems.find(({ code }) => code.test(error.code));
  const { problem, remedy } = known ?? {
    problem: error instanceof TimeoutError ? 'the service did not answer in time' : printable(error.message),
    remedy: checkAddress,
  };
  return new ExitError(`${problem} (${url})`, { exitCode: 1, remedy, refusal: 'unavailable', cause: error });
}

const connectionProblems = [
  { code: /ECONNREFUSED/, problem: 'no service listens there', remedy: checkAddress },
  { code: /ENOTFOUND|EAI_AGAIN/, problem: 'the host of the API has no address', remedy: checkAddress },
  {
    code: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    problem: 'the service did not answer in time',
    remedy: checkAddress,
  },
  {
    code: /ECONNRESET|EPIPE|HPE_/,
    problem: 'the connection to the service was closed',
    remedy: 'See its log, and try again.',
  },
  {
    code: /SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS|EPROTO/,
    problem: 'the TLS certificate of the API was not accepted',
    remedy:
      'Write the host as the certificate names it; NODE_EXTRA_CA_CERTS names the file of an authority of your own.',
  },
];

function explainAnswer(status: number, body: unknown, url: string): ExitError {
  const problem = problemSchema.safeParse(typeof body === 'string' ? parse(body) : body);
  if (!problem.success) {
    return new ExitError(`what answers at ${url} is no API of rowhook (HTTP ${status})`, {
      exitCode: 1,
      remedy: checkAddress,
    });
  }
  const { detail, errors = [], remedy } = problem.data;
  const said =
    errors.length === 0
      ? [detail]
      : errors.map(({ at, problem: what }) => `${at.replace(/^\w+\./, '')}: ${what}`);
  return new ExitError(said.map(printable).join('\n'), {
    exitCode: 1,
    remedy: remedy?.split('\n').map(printable).join('\n') ?? (status === 401 ? aboutTokens : undefined),
    refusal: status === 404 ? 'unknown' : undefined,
  });
}

const aboutTokens =
  "Set ROWHOOK_TOKEN to a company's token (rowhook token, or your application makes it), or ROWHOOK_ADMIN_TOKEN to the operator's.";

/** Undefined: it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
