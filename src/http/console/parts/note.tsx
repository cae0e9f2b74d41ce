// What went wrong, or what is not there, in words and where the reader looks.
import type { ReactNode } from 'react';

export function ErrorNote({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <p className="note bad" role="alert">
      {error instanceof Error ? error.message : 'The console failed: reload the page.'}
    </p>
  );
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

/** What a query has to say instead of its data. */
export function QueryNote({
  query,
}: {
  readonly query: { readonly error: unknown; readonly isPending: boolean };
}) {
  if (query.error !== null && query.error !== undefined) return <ErrorNote error={query.error} />;
  return query.isPending ? <Waiting /> : null;
}
