/**
 * Concurrent lookups of one name become one question to the resolver: a burst of new connections, or a name whose
 * servers hang, must not occupy every thread that resolves names. An answer is shared while it is awaited, never kept.
 */
import type { LookupFunction } from 'node:net';

type LookupCallback = Parameters<LookupFunction>[2];

/** For callers that all pass the same options. */
export function shareLookups(lookup: LookupFunction): LookupFunction {
  const waiting = new Map<string, LookupCallback[]>();
  return (host, options, callback) => {
    const others = waiting.get(host);
    if (others !== undefined) {
      others.push(callback);
      return;
    }
    const callbacks = [callback];
    waiting.set(host, callbacks);
    try {
      lookup(host, options, (...answer) => {
        waiting.delete(host);
        for (const answered of callbacks) answered(...answer);
      });
    } catch (error) {
      // Nobody has joined yet, and nobody may wait for an answer that does not come.
      waiting.delete(host);
      throw error;
    }
  };
}
