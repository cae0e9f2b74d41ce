// What time it is, for all that is told relative to it: one clock for the page, which rests while the page is hidden.
import { useSyncExternalStore } from 'react';

const everyMs = 5_000;
const listeners = new Set<() => void>();
let now = new Date();

setInterval(tick, everyMs);
document.addEventListener('visibilitychange', tick);

function tick(): void {
  if (document.hidden) return;
  now = new Date();
  for (const listener of listeners) listener();
}

export function useNow(): Date {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
