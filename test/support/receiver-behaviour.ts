/** What a receiver does with a request: an answer, or one of the ways in which endpoints misbehave. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReceivedRequest } from './receiver.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Before the answer. */
  readonly delayMs?: number;
  /** Never answers; the connection stays open. */
  readonly hang?: boolean;
  /** Breaks the connection with RST: without reading the body (nothing is recorded), or after it. */
  readonly reset?: 'before-reading' | 'after-reading';
  /** Status and headers at once, then a byte at a time, for ever. */
  readonly dribble?: { readonly everyMs: number };
  /** 307 to this URL. */
  readonly redirect?: string;
  /** A body that never ends, as fast as it is taken. */
  readonly endless?: boolean;
}

/** A function decides per request, or writes to the response itself and returns nothing. */
export type Behaviour = Answer | CustomBehaviour;
export type CustomBehaviour = (
  request: ReceivedRequest,
  response: ServerResponse,
) => Answer | undefined | Promise<Answer | undefined>;

export interface BehaveOptions {
  readonly behaviour: Behaviour;
  readonly request: ReceivedRequest;
  readonly response: ServerResponse;
  /** The receiver is being closed. */
  readonly stop: AbortSignal;
}

const ENDLESS_CHUNK = Buffer.alloc(64 * 1024, 'x');

export async function behave({ behaviour, request, response, stop }: BehaveOptions): Promise<void> {
  const answer = typeof behaviour === 'function' ? await behaviour(request, response) : behaviour;
  if (answer === undefined || answer.hang === true) return;
  if (answer.delayMs !== undefined) await pass(answer.delayMs, stop);
  if (answer.reset !== undefined) {
    response.socket?.resetAndDestroy();
    return;
  }
  if (answer.redirect !== undefined) {
    response.writeHead(307, { location: answer.redirect }).end();
    return;
  }
  response.writeHead(answer.status ?? 200, answer.headers ?? {});
  if (answer.dribble !== undefined) await dribble(response, answer.dribble.everyMs, stop);
  else if (answer.endless === true) pour(response);
  else response.end(answer.body ?? '');
}

async function dribble(response: ServerResponse, everyMs: number, stop: AbortSignal): Promise<void> {
  while (!response.destroyed && !stop.aborted) {
    response.write('.');
    await pass(everyMs, stop);
  }
}

function pour(response: ServerResponse): void {
  const fill = (): void => {
    while (!response.destroyed && response.write(ENDLESS_CHUNK));
  };
  response.on('drain', fill);
  fill();
}

async function pass(ms: number, stop: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: stop }).catch(() => undefined);
}
