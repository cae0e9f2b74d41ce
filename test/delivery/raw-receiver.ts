/** A TCP server that records what arrives, byte for byte, and answers as the test tells it to. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export type Answer = (socket: Socket, request: string, number: number) => void;

export interface RawReceiver extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** One entry per accepted connection: every byte it brought, as latin1. */
  readonly connections: string[];
  readonly sockets: Socket[];
  /** Complete requests by content-length. */
  readonly requests: string[];
}

export const ok: Answer = (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');

export function answerWith(text: string): Answer {
  return (socket) => socket.write(text);
}

export async function startRawReceiver(
  answer: Answer,
  options: {
    tls?: TlsOptions;
    host?: string;
    onConnection?: (socket: Socket) => void;
  } = {},
): Promise<RawReceiver> {
  const connections: string[] = [];
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const accept = (socket: Socket): void => {
    const index = connections.push('') - 1;
    sockets.push(socket);
    socket.on('error', () => {});
    options.onConnection?.(socket);
    let pending = '';
    socket.on('data', (chunk: Buffer) => {
      connections[index] = `${connections[index] ?? ''}${chunk.toString('latin1')}`;
      pending += chunk.toString('latin1');
      for (let length = completeLength(pending); length !== null; length = completeLength(pending)) {
        const request = pending.slice(0, length);
        pending = pending.slice(length);
        answer(socket, request, requests.push(request));
      }
    });
  };
  const server: Server =
    options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, options.host ?? '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hook`,
    connections,
    sockets,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function completeLength(text: string): number | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const length = headEnd + 4 + Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
  return text.length >= length ? length : null;
}
