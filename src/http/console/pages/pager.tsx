// Which part of a list is shown, and the links to the parts beside it: steps of the history, so that Back goes to the one before.
import { EmptyNote } from '../parts/note.tsx';
import { amount } from '../words/amounts.ts';
import { hrefOf } from '../words/places.ts';

export interface PagerProps {
  readonly path: readonly string[];
  readonly params: URLSearchParams;
  readonly perPage: number;
  /** On this page. */
  readonly count: number;
  /** In all; null: not known. */
  readonly total: number | null;
  /** Of the next page; null: this is the last one. */
  readonly nextCursor: string | null;
}

/** The cursors that led here, one for each page before: `from=NTA.MTAw`. */
export function trailOf(params: URLSearchParams): readonly string[] {
  return (params.get('from') ?? '').split('.').filter((cursor) => cursor !== '');
}

export function Pager({ path, params, perPage, count, total, nextCursor }: PagerProps) {
  const trail = trailOf(params);
  const first = trail.length * perPage + 1;
  const to = hrefsFrom(path, params);
  return (
    <div className="actions pager" role="group" aria-label="Pages of the list">
      <span>
        {amount(first)}–{amount(first + count - 1)}
        {total !== null && ` of ${amount(Math.max(total, first + count - 1))}`}
      </span>
      {trail.length > 0 && (
        <a className="button" href={to(trail.slice(0, -1))}>
          Previous {perPage}
        </a>
      )}
      {nextCursor !== null && (
        <a className="button" href={to([...trail, nextCursor])}>
          Next {perPage}
        </a>
      )}
    </div>
  );
}

/** Of a page that has nothing any more, as after what stood there was deleted: the ways back. */
export function EmptyPage({ path, params, perPage }: Pick<PagerProps, 'path' | 'params' | 'perPage'>) {
  const trail = trailOf(params);
  const to = hrefsFrom(path, params);
  return (
    <>
      <EmptyNote>This page is empty: fewer are like that than before.</EmptyNote>
      <div className="actions pager" role="group" aria-label="Pages of the list">
        {trail.length > 1 && (
          <a className="button" href={to(trail.slice(0, -1))}>
            Previous {perPage}
          </a>
        )}
        <a className="button" href={to([])}>
          First {perPage}
        </a>
      </div>
    </>
  );
}

function hrefsFrom(path: readonly string[], params: URLSearchParams): (trail: readonly string[]) => string {
  return (trail) => hrefOf(path, { ...Object.fromEntries(params), from: trail.join('.') });
}
