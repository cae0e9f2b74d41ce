// Whose token the page works with, for every part of it.
import { createContext, useContext } from 'react';
import type { Session } from './api/types.ts';

export const SessionContext = createContext<Session | null>(null);

export function useWho(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('a part is shown outside of a session');
  return session;
}

export function useIsOperator(): boolean {
  return useWho().kind === 'operator';
}
