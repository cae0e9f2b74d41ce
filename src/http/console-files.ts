// The console: one page and its assets, as `npm run build` leaves them in dist/console, read once. Invariant: the page runs no script and
// loads nothing but what is served here, and is shown in frames of the configured origins only.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Problem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Brings its own headers instead of the API's. */
    readonly isPage?: boolean;
  }
}

export interface ConsoleOptions {
  /** Of pages that may show it in a frame. */
  readonly origins: readonly string[];
  /** Where the build is; default: in dist of the package. */
  readonly dir?: string | undefined;
}

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
}

interface Build {
  readonly page: Asset;
  readonly assets: ReadonlyMap<string, Asset>;
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const builtIn = join(import.meta.dirname, '../../dist/console');

export function addConsole(app: FastifyInstance, { origins, dir = builtIn }: ConsoleOptions): void {
  let known: Build | null = null;
  // Read when it is asked for: a clone is built while the service runs already.
  const build = (): Build | null => (known ??= readBuild(dir, origins));
  app.get('/', { config: { isPage: true } }, async (request, reply) => {
    const page = build()?.page;
    reply.headers({ ...pageHeaders(origins), 'cache-control': 'no-store' });
    if (page !== undefined) return send(request, reply, page);
    return reply.code(503).type('text/plain; charset=utf-8').send(notBuilt);
  });
  app.get('/assets/:file', { config: { isPage: true } }, async (request, reply) => {
    const { file } = request.params as { readonly file: string };
    const asset = build()?.assets.get(file);
    reply.headers({ ...pageHeaders([]), 'cache-control': 'no-store' });
    if (asset === undefined) throw new Problem(404, 'There is no such file here: reload the page.');
    // Its name changes with its content.
    reply.header('cache-control', 'public, max-age=31536000, immutable');
    return send(request, reply, asset);
  });
}

const notBuilt =
  'The console has not been built yet. In a clone run: npm run build\nThe API is there all the same: /openapi.json describes it.\n';

function pageHeaders(origins: readonly string[]): Readonly<Record<string, string>> {
  const ancestors = origins.length === 0 ? "'none'" : origins.join(' ');
  return {
    'content-security-policy': `${policy}; frame-ancestors ${ancestors}`,
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(origins.length === 0 && { 'x-frame-options': 'DENY' }),
  };
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

function readBuild(dir: string, origins: readonly string[]): Build | null {
  try {
    const html = readFileSync(join(dir, 'index.html'), 'utf8');
    const names = readdirSync(join(dir, 'assets'));
    // In the middle of a build: the page is there, what it loads is not yet.
    if (!assetsOf(html).every((name) => names.includes(name))) return null;
    const page = html.replace(
      '</head>',
      `<meta name="rowhook-origins" content="${origins.join(' ')}"></head>`,
    );
    const assets = names.map(
      (name) => [name, toAsset(name, readFileSync(join(dir, 'assets', name)))] as const,
    );
    return { page: toAsset('index.html', Buffer.from(page)), assets: new Map(assets) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** The names of the assets that a page loads. */
function assetsOf(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map(([, name = '']) => name);
}

function toAsset(name: string, plain: Buffer): Asset {
  return { type: types[extname(name)] ?? 'application/octet-stream', plain, zipped: gzipSync(plain) };
}

function send(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { type, plain, zipped }: Asset,
): FastifyReply {
  const isZipped = takesGzip(headers['accept-encoding']);
  reply.headers({ vary: 'accept-encoding', ...(isZipped && { 'content-encoding': 'gzip' }) });
  return reply.type(type).send(isZipped ? zipped : plain);
}

// `gzip;q=0` refuses it.
function takesGzip(accepted: string | undefined): boolean {
  return /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(accepted ?? '');
}
