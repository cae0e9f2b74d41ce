// One request to the service, and since when it cannot be reached: what the page shows is then as old as that.
import { useSyncExternalStore } from 'react';

/** No answer came: it is away, or something between is. */
export class Unreachable extends Error {
  constructor(isRead: boolean, cause: unknown) {
    super(
      isRead
        ? 'The service cannot be reached.'
        : 'The service cannot be reached, or its answer was lost: it may have been done all the same. Look before you press again.',
      { cause },
    );
  }
}

const readMs = 10_000;
// A test waits for the endpoint and then for its own record; a page of a resend may take half a minute.
const writeMs = 90_000;
const listeners = new Set<() => void>();
let answeredAt: Date | null = null;
let lostSince: Date | null = null;

/** Where the service's addresses begin, also below a proxy's path. */
export const baseUrl = new URL('.', location.href).href.replace(/\/$/, '');

/** @throws {Unreachable | Error} the latter when only this answer takes too long. */
export async function ask(request: Request): Promise<Response> {
  const isRead = request.method === 'GET';
  const signal = AbortSignal.timeout(isRead ? readMs : writeMs);
  const beganAtMs = Date.now();
  try {
    const response = await fetch(request, { signal });
    answeredAt = new Date();
    lose(null);
    return response;
  } catch (cause) {
    const isThere = answeredAt !== null && answeredAt.getTime() > beganAtMs;
    if (signal.aborted && isThere && isRead)
      throw new Error('The service takes too long to answer this.', { cause });
    lose(lostSince ?? answeredAt ?? new Date());
    throw new Unreachable(isRead, cause);
  }
}

/** Null: the last request was answered. */
export function useLostSince(): Date | null {
  return useSyncExternalStore(subscribe, () => lostSince);
}

function lose(since: Date | null): void {
  if (lostSince === since) return;
  lostSince = since;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
