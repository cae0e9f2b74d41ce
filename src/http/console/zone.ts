// In which zone the times of the page are: the reader's own, or UTC, which logs and colleagues elsewhere have. It is kept in this tab.
import { useSyncExternalStore } from 'react';

const storageKey = 'rowhook-zone';
const listeners = new Set<() => void>();
let isUtc = stored();

/** As Intl takes it; undefined: the reader's own. */
export function useZone(): string | undefined {
  return useSyncExternalStore(subscribe, () => isUtc) ? 'UTC' : undefined;
}

export function chooseUtc(chosen: boolean): void {
  isUtc = chosen;
  for (const listener of listeners) listener();
  try {
    sessionStorage.setItem(storageKey, chosen ? 'UTC' : 'local');
  } catch {
    // A browser may forbid storage to frames; then the choice lives as long as the page.
    return;
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function stored(): boolean {
  try {
    return sessionStorage.getItem(storageKey) === 'UTC';
  } catch {
    return false;
  }
}
