// The place within the page, behind the # of its address: no server, proxy or log sees which record somebody looks for.
import { useMemo, useSyncExternalStore } from 'react';
import { hrefOf, parseAddress, type Address, type Params } from './words/places.ts';

export function useAddress(): Address {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseAddress(hash), [hash]);
}

/** As it is at this moment, for what is done later than it was asked for. */
export function addressNow(): Address {
  return parseAddress(location.hash);
}

export function go(path: readonly string[], params: Params = {}): void {
  location.hash = hrefOf(path, params);
}

/** Changes filters without a step to go back to. */
export function setParams({ path, params }: Address, changed: Params): void {
  history.replaceState(history.state, '', hrefOf(path, { ...Object.fromEntries(params), ...changed }));
  for (const listener of listeners) listener();
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('hashchange', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('hashchange', listener);
  };
}
