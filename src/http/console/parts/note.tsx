// What went wrong, or what is not there, in words and where the reader looks.
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/client.ts';
import { Unreachable } from '../api/reach.ts';

export function ErrorNote({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <p className="note bad" role="alert">
      {error instanceof Error ? error.message : 'The console failed: reload the page.'}
    </p>
  );
}

/** The service could not be asked. */
export function TroubleNote({ trouble }: { readonly trouble: string }) {
  return <ErrorNote error={new Error(`${trouble} It is tried again by itself.`)} />;
}

export function EmptyNote({ children }: { readonly children: ReactNode }) {
  return <p className="note empty">{children}</p>;
}

export function Waiting() {
  return (
    <p className="note empty" role="status">
      Loading…
    </p>
  );
}

/** What a query has to say instead of its data, or with it. What holds for the whole page is said once, at its top. */
export function QueryNote({
  query,
}: {
  readonly query: { readonly error: unknown; readonly isPending: boolean; readonly data: unknown };
}) {
  const { error, isPending, data } = query;
  const isSaidAbove = error instanceof Unreachable || (error instanceof ApiProblem && error.status === 401);
  if (error !== null && error !== undefined && !isSaidAbove) return <ErrorNote error={error} />;
  return isPending || (isSaidAbove && data === undefined) ? <Waiting /> : null;
}
