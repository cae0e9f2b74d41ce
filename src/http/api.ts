// The API on fastify: asks who it is, hands the request to its route, and answers every failure as problem details. Invariant: nothing but
// foreseen refusals reaches the caller; what nobody foresaw is a 500 without details, and stands in the log.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '../logger.ts';
import type { Access } from './access.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { eventRoutes } from './event-routes.ts';
import type { EventStreams } from './event-streams.ts';
import { openApiDocument } from './openapi.ts';
import type { ApiParts } from './parts.ts';
import { forOperators, Problem, problemOf } from './problem.ts';
import { overviewRoutes, type OverviewOptions } from './overview-routes.ts';
import { readRoutes } from './read-routes.ts';
import type { Route } from './route.ts';
import type { Sends } from './sends.ts';
import { tableRoutes } from './table-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

export interface RouteOptions extends OverviewOptions {
  readonly streams: EventStreams;
}

export interface ApiOptions extends RouteOptions {
  readonly parts: ApiParts;
  readonly access: Access;
  readonly logger: Logger;
  readonly sends: Sends;
}

export function apiRoutes(parts: ApiParts, { streams, ...options }: RouteOptions): Route[] {
  return [
    ...webhookRoutes(parts),
    ...deliveryRoutes(parts),
    ...tableRoutes(parts),
    ...readRoutes(parts),
    ...eventRoutes(streams),
    ...overviewRoutes(parts, options),
  ];
}

export function addApi(
  app: FastifyInstance,
  { parts, streams, sends, access, logger, version, isDemo }: ApiOptions,
): void {
  const routes = apiRoutes(parts, { streams, version, isDemo });
  const document = openApiDocument(routes, version);
  app.get('/openapi.json', {
    onRequest: async (request) => {
      access.requireVisitor(asking(request));
    },
    handler: (_request, reply) => reply.send(document),
  });
  for (const route of routes) {
    app.route({
      method: route.method,
      // Nobody would read what a HEAD opens.
      exposeHeadRoute: route.isLive !== true,
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      // Before the body is read: whoever may not ask shall not make us read one.
      onRequest: async (request) => {
        request.principal = await access.principal(asking(request));
      },
      handler: async (request, reply) => {
        const { principal, params, query, body } = request;
        if (principal === null) throw new Error('a route was reached without asking who it is');
        const { 'if-match': ifMatch, 'last-event-id': eventId } = request.headers;
        const lastEventId = Array.isArray(eventId) ? eventId.join() : eventId;
        const inputs = { principal, params, query, body, ifMatch, lastEventId };
        const answer = async (signal: AbortSignal): Promise<FastifyReply> => {
          const { status, body: content, headers = {} } = await route.answer({ ...inputs, signal });
          return await reply.code(status).headers(headers).send(content);
        };
        if (route.isSending !== true) return await answer(gone(reply));
        return await sends.run(() => answer(AbortSignal.any([gone(reply), sends.stopping])));
      },
    });
  }
  app.setErrorHandler((error, request, reply) => {
    const isOperator = request.principal?.kind === 'operator';
    const problem = problemOf(error, isOperator) ?? httpProblem(error) ?? unforeseen(error, request, logger);
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(request, routes)));
}

/** Aborts when the caller goes away before the answer is written. */
function gone({ raw }: FastifyReply): AbortSignal {
  const leaving = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) leaving.abort();
  });
  return leaving.signal;
}

/** Headers of every answer: none of it is a page, nothing of it is kept. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** @throws {Problem} for everybody else. */
export async function requireOperator(request: FastifyRequest, access: Access): Promise<void> {
  const { kind } = await access.principal(asking(request));
  if (kind !== 'operator') throw new Problem(403, forOperators);
}

const forwarding = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

function asking({ method, headers, socket }: FastifyRequest): Parameters<Access['principal']>[0] {
  return {
    remoteAddress: socket.remoteAddress ?? '',
    isWrite: method === 'POST' || method === 'PATCH',
    authorization: headers.authorization,
    host: headers.host,
    origin: headers.origin,
    contentType: headers['content-type'],
    isForwarded: forwarding.some((name) => headers[name] !== undefined),
  };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

function notFound({ method, url }: FastifyRequest, routes: readonly Route[]): Problem {
  const path = url.split('?', 1)[0] ?? '';
  const allowed = routes.filter(({ path: pattern }) => matches(pattern, path)).map((route) => route.method);
  if (allowed.length > 0) {
    const detail = `${path} takes ${allowed.join(', ')}, not ${method}.`;
    return new Problem(405, detail, { headers: { allow: allowed.join(', ') } });
  }
  return new Problem(404, 'There is nothing here: /openapi.json lists what there is.');
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return (
    wanted.length === given.length && wanted.every((part, at) => part.startsWith('{') || part === given[at])
  );
}

// fastify's own refusals: a body that is too large, or no JSON; a path that cannot be decoded.
function httpProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number')
    return undefined;
  return error.statusCode >= 400 && error.statusCode < 500
    ? new Problem(error.statusCode, `${error.message}.`)
    : undefined;
}

function unforeseen(error: unknown, { method, routeOptions }: FastifyRequest, logger: Logger): Problem {
  logger.error({ err: error, method, route: routeOptions.url }, 'a request failed');
  return new Problem(500, "This is a bug, or a broken installation: the service's log says more.");
}
