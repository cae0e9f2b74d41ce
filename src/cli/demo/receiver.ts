/**
 * The demo's receiver: answers every POST with 200 and remembers the latest payloads until somebody asks for them.
 * It stands for the endpoints of all companies.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an attempt says about its payload; equal payloads are alike, so any of them will do. */
export interface PayloadKey {
  readonly type: string;
  readonly table: string;
  readonly bytes: number;
}

export interface Receiver extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  /** Removes and returns the body of a payload that has arrived; undefined when there is none. */
  readonly take: (key: PayloadKey) => string | undefined;
}

const keptPayloads = 1000;

/** Listens on the port if it is free, so that the same webhooks work at the next start; else on any free one. */
export async function startReceiver(preferredPort: number): Promise<Receiver> {
  const arrivals: (PayloadKey & { readonly body: string })[] = [];
  const server = createServer((request, response) => {
    readBody(request).then(
      (body) => {
        const key = request.method === 'POST' ? payloadKey(body) : null;
        if (key !== null) arrivals.push({ ...key, body: body.toString('utf8') });
        if (arrivals.length > keptPayloads) arrivals.shift();
        response.writeHead(key === null ? 400 : 200).end();
      },
      // The sender went away in the middle of its request.
      () => response.destroy(),
    );
  });
  const port = await listen(server, preferredPort).catch(() => listen(server, 0));
  const take = ({ type, table, bytes }: PayloadKey): string | undefined => {
    const index = arrivals.findIndex((a) => a.type === type && a.table === table && a.bytes === bytes);
    return index === -1 ? undefined : arrivals.splice(index, 1)[0]?.body;
  };
  return { url: `http://127.0.0.1:${port}`, take, [Symbol.asyncDispose]: () => close(server) };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

function payloadKey(body: Buffer): PayloadKey | null {
  try {
    const payload: unknown = JSON.parse(body.toString('utf8'));
    if (typeof payload !== 'object' || payload === null) return null;
    const { type, table } = payload as Record<string, unknown>;
    return typeof type === 'string' && typeof table === 'string' ? { type, table, bytes: body.length } : null;
  } catch {
    return null;
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
