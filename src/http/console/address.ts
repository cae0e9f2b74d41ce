// The place within the page, behind the # of its address: no server, proxy or log sees which record somebody looks for.
import { useMemo, useSyncExternalStore } from 'react';

export interface Address {
  readonly path: readonly string[];
  readonly params: URLSearchParams;
}

export type Params = Readonly<Record<string, string | null>>;

/** Every part is encoded. A parameter that is null or empty is left out. */
export function hrefOf(path: readonly string[], params: Params = {}): string {
  const given = Object.entries(params).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  const query = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

export function parseAddress(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const parts = path.split('/').filter((part) => part !== '');
  return { path: parts.map(decode), params: new URLSearchParams(query) };
}

export function useAddress(): Address {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseAddress(hash), [hash]);
}

export function go(path: readonly string[], params: Params = {}): void {
  location.hash = hrefOf(path, params);
}

/** Changes filters without a step to go back to. */
export function setParams({ path, params }: Address, changed: Params): void {
  history.replaceState(null, '', hrefOf(path, { ...Object.fromEntries(params), ...changed }));
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

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
