// Who looks: the token of this tab and what the service says of it. Invariants: a token is kept in this tab only and never stays in the
// address; a frame keeps none, and takes one only from a page whose origin the operator configured; nothing that was read with one token is
// shown under another that sees something else.
import { useSyncExternalStore } from 'react';
import { queryClient } from './api/query-client.ts';
import { ask, baseUrl } from './api/reach.ts';
import type { Session } from './api/types.ts';
import { announce } from './parts/announcement.tsx';
import { claimedScope, isToken, scopeOf } from './words/tokens.ts';

export interface SessionState {
  readonly token: string | null;
  /** Null: the service has not said yet whose token it is. */
  readonly session: Session | null;
  /** Why another token is asked for, empty for no reason; null: none is. */
  readonly refusal: string | null;
  /** Why the service could not be asked. It is tried again by itself. */
  readonly trouble: string | null;
  readonly isTrying: boolean;
}

const storageKey = 'rowhook-token';
const againMs = 3_000;
const longestMs = 60_000;
const nobody: SessionState = { token: null, session: null, refusal: null, trouble: null, isTrying: false };
const listeners = new Set<() => void>();
let state = nobody;
// Of a token that is being tried: an answer to an earlier one says nothing.
let attempts = 0;
// Tokens, since one was taken.
let refusedInRow = 0;

/** The page around this one gives the token. */
export const isFramed = window.parent !== window;

export function beginSession(): void {
  // Before whoever shows the place that the address names.
  window.addEventListener('hashchange', () => {
    const token = takeFromFragment();
    if (token !== null) signIn(token);
  });
  if (isFramed) {
    window.addEventListener('message', ({ origin, source, data }: MessageEvent<unknown>) => {
      if (source !== window.parent || !trustedOrigins().includes(origin)) return;
      const token = tokenOf(data);
      if (token !== null) signIn(token);
    });
    tellParent('rowhook:ready');
  }
  const token = takeFromFragment() ?? stored();
  if (token === null) void establish(null);
  else signIn(token);
}

export function currentToken(): string | null {
  return state.token;
}

/** Why the token of this moment is not to be used any more. */
export function refusalOf(): string | null {
  return state.session === null ? null : state.refusal;
}

export function signIn(token: string): void {
  if (isToken(token)) void establish(token);
  else change({ ...state, refusal: 'This is no token: there is a space, a line break or a quote in it.' });
}

export function signOut(): void {
  attempts += 1;
  keep(null);
  forget();
  change({ ...nobody, refusal: '' });
}

/** The service does not take the token any more. What is shown stays, so that nothing typed is lost. */
export function tokenRefused(refusal: string): void {
  // Of several questions that were refused the parent hears once.
  if (state.refusal !== null) return;
  change({ ...state, refusal });
  tellParent('rowhook:token-needed');
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(subscribe, () => state);
}

/** Asks whose token it is, and works with it from then on. */
async function establish(token: string | null): Promise<void> {
  const attempt = (attempts += 1);
  // Whoever hands over a token of another scope wants nothing done or shown with the former one, not even for a moment.
  const isOther = state.session !== null && scopeOf(state.session) !== claimedScope(token);
  if (isOther) forget();
  change({ ...(isOther ? nobody : state), isTrying: true });
  const answer = await whose(token);
  if (attempt !== attempts) return;
  if (answer.session !== null) begin(token, answer.session);
  else if (answer.refusal !== null) refuse(token, answer);
  else change({ ...state, trouble: answer.trouble, isTrying: state.session === null });
  if (answer.trouble !== null) later(attempt, againMs, () => void establish(token));
}

function begin(token: string | null, session: Session): void {
  keep(token);
  refusedInRow = 0;
  const isSame = state.session !== null && scopeOf(state.session) === scopeOf(session);
  if (!isSame) forget();
  change({ ...nobody, token, session });
  if (isSame) void queryClient.invalidateQueries();
}

function refuse(token: string | null, { refusal, isWrong, retryMs }: Whose): void {
  if (isWrong) keep(null);
  change({ ...state, refusal, trouble: null, isTrying: false });
  if (token === null) {
    // A page that began to listen late has not heard the first time.
    later(attempts, againMs, () => tellParent('rowhook:ready'));
    return;
  }
  // The parent's answer may be as wrong as this one: they must not go round in a circle.
  const waitMs = refusedInRow === 0 ? 0 : Math.min(longestMs, againMs * 2 ** (refusedInRow - 1));
  refusedInRow += 1;
  later(attempts, Math.max(waitMs, retryMs), () => tellParent('rowhook:token-needed'));
}

/** Unless another token comes before. */
function later(attempt: number, ms: number, act: () => void): void {
  setTimeout(() => {
    if (attempt === attempts) act();
  }, ms);
}

/** What was read and said under a token that sees something else. */
function forget(): void {
  queryClient.clear();
  announce('');
}

interface Whose extends Pick<SessionState, 'session' | 'refusal' | 'trouble'> {
  /** It is not refused for this moment only. */
  readonly isWrong: boolean;
  /** Before it is asked again. */
  readonly retryMs: number;
}

const unknown: Whose = { session: null, refusal: null, isWrong: false, retryMs: 0, trouble: null };

async function whose(token: string | null): Promise<Whose> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await ask(new Request(`${baseUrl}/v1/session`, { headers }));
    if (response.ok) return { ...unknown, session: (await response.json()) as Session };
    const { detail } = (await response.json().catch(() => ({}))) as { readonly detail?: string };
    const sentence = detail ?? `The service answered ${response.status}.`;
    const isWrong = response.status === 401;
    // Nobody gave one, so none was wrong.
    if (isWrong && token === null) return { ...unknown, refusal: '' };
    // Asking again by itself would only be counted against this address.
    const retryMs = 1_000 * (Number(response.headers.get('retry-after')) || 0);
    if (isWrong || response.status === 429) return { ...unknown, refusal: sentence, isWrong, retryMs };
    return { ...unknown, trouble: sentence };
  } catch (error) {
    return { ...unknown, trouble: error instanceof Error ? error.message : String(error) };
  }
}

/** Of the pages that may show this one in a frame, as the service was told. */
function trustedOrigins(): readonly string[] {
  const content = document.querySelector('meta[name="rowhook-origins"]')?.getAttribute('content') ?? '';
  return content.split(' ').filter((origin) => origin !== '');
}

/** `#token=…`, with `&to=/webhooks` if another page is meant than the first. */
function takeFromFragment(): string | null {
  // A plus is one: tokens of the operator's may have it.
  const given = new URLSearchParams(location.hash.slice(1).replaceAll('+', '%2B'));
  const token = given.get('token');
  if (token === null) return null;
  const to = given.get('to') ?? '/';
  history.replaceState(null, '', `#${to.startsWith('/') ? to : '/'}`);
  return token;
}

function tokenOf(message: unknown): string | null {
  if (typeof message !== 'object' || message === null) return null;
  const { type, token } = message as Record<string, unknown>;
  return type === 'rowhook:token' && typeof token === 'string' ? token : null;
}

function tellParent(type: string): void {
  if (!isFramed) return;
  for (const origin of trustedOrigins()) window.parent.postMessage({ type }, origin);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: SessionState): void {
  state = next;
  for (const listener of listeners) listener();
}

// In a frame the token of whoever was there before would be taken for that of whoever is there now.
function keep(token: string | null): void {
  if (isFramed) return;
  try {
    if (token === null) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, token);
  } catch {
    return;
  }
}

function stored(): string | null {
  if (isFramed) return null;
  try {
    return sessionStorage.getItem(storageKey);
  } catch {
    return null;
  }
}
