/** The API in this process, over a real socket and on a real database, with tokens for the operator and for companies. */
import type { Method, Response } from 'got';
import { apiParts } from '../../src/api-parts.ts';
import { signCompanyToken } from '../../src/company-token.ts';
import { readConfig } from '../../src/config.ts';
import { createPoster } from '../../src/delivery/post.ts';
import {
  defaultScopedLimits,
  openScopedDatabase,
  type ScopedLimits,
} from '../../src/database/company-scope.ts';
import { startHttpServer, type HttpServerOptions } from '../../src/http/server.ts';
import { createLogger } from '../../src/logger.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { VitalSigns } from '../../src/vital-signs.ts';
import { http } from '../support/http.ts';
import { listen, type Listener } from '../support/listen.ts';
import { waitUntil } from '../support/wait.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';

export const adminToken = 'operator-of-the-tests-0123456789';
export const tokenSecret = 'a secret of the tests that is long enough';

export interface Ask {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiHere extends AsyncDisposable {
  readonly url: string;
  readonly database: InstalledDatabase;
  /** As the operator, unless another token is given; null: without one. Of a stream of events the beginning. */
  ask(method: Method, path: string, options?: Ask): Promise<Answered>;
  /** To /v1/events. */
  listen(options?: Ask): Promise<Listener>;
  tokenOf(companyId: string, seconds?: number): Promise<string>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Response['headers'];
  readonly text: string;
  /** Parsed; undefined where there is none. */
  readonly body: Record<string, unknown>;
}

export interface ApiOptions extends Partial<
  Pick<
    HttpServerOptions,
    'host' | 'adminToken' | 'tokenSecret' | 'whyNotReady' | 'consoleOrigins' | 'consoleDir'
  >
> {
  readonly adminUrl?: string;
  /** Beside hooks.example.com. */
  readonly allowTargets?: string;
  readonly limits?: Partial<ScopedLimits>;
}

export async function startApiHere({
  adminUrl,
  allowTargets = '',
  limits = {},
  ...options
}: ApiOptions = {}): Promise<ApiHere> {
  const open = new AsyncDisposableStack();
  const database = open.use(await createInstalledDatabase(adminUrl));
  const { config } = readConfig(
    { DATABASE_URL: database.serviceUrl, ROWHOOK_ALLOW_TARGETS: `hooks.example.com,${allowTargets}` },
    { needsDatabase: true },
  );
  const scoped = open.use(openScopedDatabase(database.serviceUrl, { ...defaultScopedLimits, ...limits }));
  const poster = open.use(createPoster(config));
  const telemetry = new Telemetry();
  const vitalSigns = open.use(new VitalSigns(telemetry));
  const logger = createLogger('silent');
  const server = open.use(
    await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      adminToken,
      tokenSecret,
      version: '0.0.0',
      logger,
      telemetry,
      parts: apiParts(config, { database: scoped, poster, telemetry, vitalSigns, logger }),
      consoleOrigins: [],
      isDemo: false,
      stop: new AbortController().signal,
      whyNotReady: () => null,
      ...options,
    }),
  );
  const headersOf = ({ token = adminToken, headers = {} }: Ask): Record<string, string> => ({
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...headers,
  });
  return {
    url: server.url,
    database,
    tokenOf: (companyId, seconds = 60) => signCompanyToken(companyId, { secret: tokenSecret, seconds }),
    listen: (asked = {}) => listen(`${server.url}/v1/events`, headersOf(asked)),
    ask: async (method, path, asked = {}) => {
      if (method === 'GET' && /^\/v1\/events(\?|$)/.test(path))
        return await beginningOf(server.url + path, headersOf(asked));
      const { body } = asked;
      const answer = await http(server.url + path, {
        method,
        headers: headersOf(asked),
        ...(body !== undefined && { json: body }),
      });
      const { statusCode: status, body: text } = answer;
      return answered(status, answer.headers, text);
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function answered(status: number, headers: Answered['headers'], text: string): Answered {
  const isJson = text !== '' && /json/.test(headers['content-type'] ?? '');
  return { status, headers, text, body: (isJson ? JSON.parse(text) : {}) as Record<string, unknown> };
}

async function beginningOf(url: string, headers: Readonly<Record<string, string>>): Promise<Answered> {
  using stream = await listen(url, headers);
  if (stream.status === 200) {
    await waitUntil(() => stream.text.includes('events from now on'), { describe: 'a stream to begin' });
  } else await stream.ended();
  return answered(stream.status, stream.headers, stream.text);
}
