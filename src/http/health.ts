// Liveness and readiness over HTTP. /livez: the process runs. /readyz: it streams as leader; otherwise 503 with the reason.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ExitError } from '../exit-error.ts';

export interface HealthServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** null while it streams as leader; else what it does instead, such as `standby: …`. */
  whyNotReady(): string | null;
}

export interface HealthServer extends AsyncDisposable {
  readonly url: string;
}

/** Rejects with an ExitError (2) that names the address when it cannot be listened on. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const { status, text } = answer(request.url ?? '/', options);
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
    response.end(`${text}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(explainListen(error, options));
    });
    server.listen({ host: options.host, port: options.port }, resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(url: string, { whyNotReady }: HealthServerOptions): { status: number; text: string } {
  const path = url.split('?', 1)[0];
  if (path === '/livez') return { status: 200, text: 'ok' };
  if (path !== '/readyz') return { status: 404, text: 'not found: there are /livez and /readyz' };
  const reason = whyNotReady();
  return reason === null ? { status: 200, text: 'ok' } : { status: 503, text: reason };
}

function explainListen(error: Error, { host, port }: HealthServerOptions): Error {
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
