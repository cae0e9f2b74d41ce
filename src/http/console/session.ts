// The token of this tab: pasted, taken from the fragment, or handed over by the page around the frame. Invariant: it is kept in this tab only,
// never stays in the address, and is taken from no page whose origin the operator did not configure.
import { useSyncExternalStore } from 'react';

export interface TokenState {
  readonly token: string | null;
  /** Why another one is asked for; null: none is. */
  readonly refusal: string | null;
}

const storageKey = 'rowhook-token';
const listeners = new Set<() => void>();
let state: TokenState = { token: null, refusal: null };

/** Of the pages that may show this one in a frame, as the service was told. */
function trustedOrigins(): readonly string[] {
  const content = document.querySelector('meta[name="rowhook-origins"]')?.getAttribute('content') ?? '';
  return content.split(' ').filter((origin) => origin !== '');
}

export function beginSession(): void {
  state = { token: takeFromFragment() ?? stored(), refusal: null };
  if (window.parent === window) return;
  window.addEventListener('message', ({ origin, source, data }: MessageEvent<unknown>) => {
    if (source !== window.parent || !trustedOrigins().includes(origin)) return;
    const token = tokenOf(data);
    if (token !== null) signIn(token);
  });
  tellParent('rowhook:ready');
}

export function currentToken(): string | null {
  return state.token;
}

export function signIn(token: string): void {
  change({ token, refusal: null });
  keep(token);
}

export function signOut(): void {
  change({ token: null, refusal: '' });
  keep(null);
}

/** The service did not take the token, or wants one. What is shown stays, so that nothing typed is lost. */
export function tokenRefused(refusal: string): void {
  change({ ...state, refusal });
  tellParent('rowhook:token-needed');
}

export function useToken(): TokenState {
  return useSyncExternalStore(subscribe, () => state);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: TokenState): void {
  state = next;
  for (const listener of listeners) listener();
}

/** `#token=…`, with `&to=/webhooks` if another page is meant than the first. */
function takeFromFragment(): string | null {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get('token');
  if (token === null) return null;
  const to = given.get('to') ?? '/';
  history.replaceState(null, '', `#${to.startsWith('/') ? to : '/'}`);
  keep(token);
  return token;
}

function tokenOf(message: unknown): string | null {
  if (typeof message !== 'object' || message === null) return null;
  const { type, token } = message as Record<string, unknown>;
  return type === 'rowhook:token' && typeof token === 'string' ? token : null;
}

function tellParent(type: string): void {
  if (window.parent === window) return;
  for (const origin of trustedOrigins()) window.parent.postMessage({ type }, origin);
}

// A browser may forbid storage to frames; then the token lives as long as the page.
function keep(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, token);
  } catch {
    return;
  }
}

function stored(): string | null {
  try {
    return sessionStorage.getItem(storageKey);
  } catch {
    return null;
  }
}
