// Which endpoint does what, and what came to each as its process tells it.
import { fileURLToPath } from 'node:url';
import { startReceiverProcess } from '../bench/receiver-process.ts';

export type EndpointKind = 'ok' | 'unavailable' | 'reset' | 'hang';

export const endpointKinds: readonly EndpointKind[] = ['ok', 'unavailable', 'reset', 'hang'];

/** Requests, complete with their body. */
export interface PathCounts {
  received: number;
  answered: number;
  /** Closed by the sender before an answer. */
  givenUp: number;
  /** Not newer than the newest of its record. */
  outOfOrder: number;
}

export interface Endpoints extends AsyncDisposable {
  readonly url: string;
  counts(): Promise<Readonly<Record<string, PathCounts>>>;
  /** Those that hang answer from now on. */
  release(): Promise<void>;
}

/** Of a hundred one hangs and five fail, but one of each at least. */
export function kindOf(no: number, of: number): EndpointKind {
  const hanging = Math.max(1, Math.round(of / 100));
  const failing = Math.max(2, Math.round(of / 20));
  if (no < hanging) return 'hang';
  if (no >= hanging + failing) return 'ok';
  return (no - hanging) % 2 === 0 ? 'unavailable' : 'reset';
}

export function pathOf(no: number, of: number): string {
  return `/${kindOf(no, of)}/${no}`;
}

export async function startEndpoints(): Promise<Endpoints> {
  const receiver = await startReceiverProcess(fileURLToPath(new URL('soak-receiver.ts', import.meta.url)));
  return {
    url: receiver.url,
    counts: async () => JSON.parse(await receiver.ask('/counts')) as Record<string, PathCounts>,
    release: async () => {
      await receiver.ask('/release');
    },
    [Symbol.asyncDispose]: async () => await receiver[Symbol.asyncDispose](),
  };
}
