// The service's HTTP server: liveness, readiness and the console's page for everybody, the API and the metrics for who may ask. /livez: the process runs. /readyz: it streams as
// leader; otherwise 503 with the reason.
import fastify, { type FastifyInstance } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ExitError } from '../exit-error.ts';
import type { Logger } from '../logger.ts';
import type { Telemetry } from '../telemetry.ts';
import { Access, isLoopbackHost, type Principal } from './access.ts';
import { addApi, requireOperator, securityHeaders, sendProblem } from './api.ts';
import { addConsole } from './console-files.ts';
import { EventStreams } from './event-streams.ts';
import { Metrics } from './metrics.ts';
import type { ApiParts } from './parts.ts';
import { Problem } from './problem.ts';
import { Sends } from './sends.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until it is known, and where nobody has to say. */
    principal: Principal | null;
  }
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly adminToken: string | undefined;
  readonly tokenSecret: string | undefined;
  readonly version: string;
  readonly logger: Logger;
  readonly parts: ApiParts;
  readonly telemetry: Telemetry;
  /** Aborting it ends what stays open, streams of events, and lets nothing more be sent. */
  readonly stop: AbortSignal;
  /** Of pages that may show the console in a frame. */
  readonly consoleOrigins: readonly string[];
  /** Where the console's build is; default: in dist of the package. */
  readonly consoleDir?: string;
  readonly isDemo: boolean;
  /** null while it streams as leader; else what it does instead, such as `standby: …`. */
  whyNotReady(): string | null;
}

export interface HttpServer extends AsyncDisposable {
  readonly url: string;
}

const maxBodyBytes = 64 * 1024;
const longestRequestMs = 15_000;
const maxHeaderBytes = 16 * 1024;

/** Rejects with an ExitError (2) that names the address when it cannot be listened on. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, adminToken, tokenSecret, parts, telemetry, logger, version, isDemo, stop } = options;
  const access = new Access({
    adminToken,
    tokenSecret,
    isLoopback: isLoopbackHost(host),
    now: () => performance.now(),
  });
  if (!access.isOpen) {
    logger.warn(
      `${host} can be reached from elsewhere and no token is configured: only /livez and /readyz are served; set ROWHOOK_ADMIN_TOKEN`,
    );
  }
  const app = fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: longestRequestMs,
    connectionTimeout: 0,
    forceCloseConnections: true,
    http: { maxHeaderSize: maxHeaderBytes, headersTimeout: longestRequestMs },
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: refuseUnreadable,
    // A path that cannot be decoded reaches no hook.
    frameworkErrors: (_error, _request, reply) => {
      reply.headers(securityHeaders);
      sendProblem(
        reply,
        new Problem(400, 'The path is not proper: a % is followed by two hexadecimal digits of UTF-8.'),
      );
    },
  });
  app.decorateRequest('principal', null);
  app.addHook('onSend', async ({ routeOptions }, reply) => {
    if (routeOptions.config.isPage !== true) reply.headers(securityHeaders);
  });
  addHealth(app, options);
  addConsole(app, { origins: options.consoleOrigins, dir: options.consoleDir });
  addMetrics(app, access, options);
  const streams = new EventStreams({ parts, telemetry });
  const sends = new Sends();
  stop.addEventListener('abort', () => {
    streams.stop();
    sends.stop();
  });
  addApi(app, { parts, streams, sends, access, logger, version, isDemo });
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw explainListen(error, { host, port });
  }
  const { address, port: bound, family } = app.server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([streams[Symbol.asyncDispose](), sends[Symbol.asyncDispose]()]);
      await app.close();
    },
  };
}

// What is no request reaches no hook either.
function refuseUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable) return;
  const [status, detail] = unreadable[error.code ?? ''] ?? [400, 'This is no proper HTTP/1.1 request.'];
  const body = JSON.stringify(new Problem(status, detail));
  const headers = Object.entries({
    ...securityHeaders,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n${body}`);
}

const unreadable: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers are longer than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come within 15 s.'],
};

function addHealth(app: FastifyInstance, { whyNotReady }: Pick<HttpServerOptions, 'whyNotReady'>): void {
  const text = 'text/plain; charset=utf-8';
  app.get('/livez', (_request, reply) => reply.type(text).send('ok\n'));
  app.get('/readyz', (_request, reply) => {
    const reason = whyNotReady();
    return reply
      .code(reason === null ? 200 : 503)
      .type(text)
      .send(`${reason ?? 'ok'}\n`);
  });
}

function addMetrics(
  app: FastifyInstance,
  access: Access,
  { telemetry, version, parts }: HttpServerOptions,
): void {
  const metrics = new Metrics({
    telemetry,
    version,
    slot: () => parts.slot(),
    now: () => performance.now() / 1000,
  });
  app.get('/metrics', {
    onRequest: async (request) => {
      await requireOperator(request, access);
    },
    handler: async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  });
}

function explainListen(
  error: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): Error {
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error ? error.code : '';
  const problem =
    code === 'EADDRINUSE' ? 'is in use by another process' : `cannot be listened on (${error.message})`;
  const name = host.includes(':') ? `[${host}]` : host;
  const otherPort = port < 65535 ? port + 1 : port - 1;
  return new ExitError(`${name}:${port} ${problem}.`, {
    exitCode: 2,
    remedy: `Set ROWHOOK_LISTEN to another address, e.g. ROWHOOK_LISTEN=${name}:${otherPort}, or to port 0 for any free one.`,
    cause: error,
  });
}
