// The list, those that need attention first. What is searched for and filtered stands in the address, and which page of it.
import { useDeferredValue, useEffect, useRef, type ReactNode } from 'react';
import { setParams, useAddress } from '../address.ts';
import { useOverview, useTables, useWebhooks, type Health } from '../api/queries.ts';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { TextFilter } from '../parts/text-filter.tsx';
import { useIsOperator } from '../session-context.ts';
import { isolated } from '../words/isolate.ts';
import { inAll } from '../words/summary.ts';
import { hrefOf, type Params } from '../words/places.ts';
import { listHeadingId } from './list-focus.ts';
import { EmptyPage, Pager, trailOf } from './pager.tsx';
import { WebhookRow } from './webhook-row.tsx';

const perPage = 50;

const shown: readonly (readonly [string, string, readonly Health[] | undefined])[] = [
  ['', 'all', undefined],
  ['attention', 'those that need attention', ['failing', 'breaker open', 'table disabled', 'catching up']],
  ['failing', 'failing', ['failing']],
  ['breaker open', 'with an open breaker', ['breaker open']],
  ['table disabled', 'whose table is disabled', ['table disabled']],
  ['catching up', 'catching up', ['catching up']],
  ['paused', 'paused', ['paused']],
  ['recovered', 'active, that have failed', ['recovered']],
  ['ok', 'active, that never failed', ['ok']],
  ['idle', 'active, with nothing sent yet', ['idle']],
];

export function WebhookList() {
  const isOperator = useIsOperator();
  const address = useAddress();
  const { path, params } = address;
  const of = (name: string): string | undefined => params.get(name) ?? undefined;
  const choice = shown.find(([value]) => value === (of('show') ?? ''));
  const health = choice?.[2];
  const search = useDeferredValue(of('search'));
  const trail = trailOf(params);
  const webhooks = useWebhooks({
    limit: perPage,
    cursor: trail.at(-1),
    search,
    table: of('table'),
    company: of('company'),
    health,
  });
  const total = useTotal(health);
  const section = useTopOfPage(params.get('from'));
  const set = (changed: Params): void => setParams(address, { from: null, ...changed });
  const list = webhooks.data?.data ?? [];
  const isSearched = ['search', 'table', 'company'].some((name) => params.has(name));
  return (
    <section aria-labelledby={listHeadingId} ref={section}>
      <h2 id={listHeadingId} tabIndex={-1}>
        {isOperator ? 'All webhooks' : 'Your webhooks'}
      </h2>
      <Filters params={params} set={set} isOperator={isOperator} />
      {choice === undefined && <UnknownChoice value={of('show') ?? ''} />}
      <QueryNote query={webhooks} />
      {webhooks.data !== undefined && list.length === 0 && trail.length > 0 && (
        <EmptyPage {...{ path, params, perPage }} />
      )}
      {webhooks.data !== undefined && list.length === 0 && trail.length === 0 && (
        <Nothing isFiltered={isSearched || health !== undefined} />
      )}
      {list.length > 0 && (
        <>
          <ul className="rows" aria-label="Webhooks" aria-busy={webhooks.isPlaceholderData}>
            {list.map((webhook) => (
              <WebhookRow key={webhook.id} webhook={webhook} isOperator={isOperator} />
            ))}
          </ul>
          <Pager
            {...{ path, params, perPage }}
            count={list.length}
            total={isSearched ? null : total}
            nextCursor={webhooks.data?.nextCursor ?? null}
          />
        </>
      )}
    </section>
  );
}

/** How many there are of these healths; null: not known yet. */
function useTotal(healths: readonly Health[] | undefined): number | null {
  const counts = useOverview().data?.webhooks;
  if (counts === undefined) return null;
  const wanted: readonly string[] | undefined = healths;
  return inAll(counts.filter(({ health }) => wanted === undefined || wanted.includes(health)));
}

/** Another page of the list begins at its top, for whoever came by a link below it. `page`: as the address names it. */
function useTopOfPage(page: string | null) {
  const section = useRef<HTMLElement>(null);
  const before = useRef(page);
  useEffect(() => {
    const list = section.current;
    const isByLink = list?.querySelector('.pager')?.contains(document.activeElement) === true;
    if (before.current !== page && (isByLink || document.activeElement === document.body)) {
      list?.scrollIntoView();
      list?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
    }
    before.current = page;
  }, [page]);
  return section;
}

function UnknownChoice({ value }: { readonly value: string }): ReactNode {
  return (
    <p className="note warn">
      The address asks for those that are “{isolated(value)}”, which no webhook can be, so all are shown.{' '}
      <a href={hrefOf(['webhooks'])}>All webhooks</a>
    </p>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): ReactNode {
  const hasTables = useTables().data?.some(({ enabled }) => enabled) ?? false;
  if (isFiltered)
    return (
      <EmptyNote>
        No webhook is like that. <a href={hrefOf(['webhooks'])}>Show all</a>
      </EmptyNote>
    );
  return (
    <EmptyNote>
      There is no webhook yet{hasTables && ': fill in the form above, and send a test before you create it'}.
    </EmptyNote>
  );
}

interface FiltersProps {
  readonly params: URLSearchParams;
  readonly set: (changed: Params) => void;
  readonly isOperator: boolean;
}

function Filters({ params, set, isOperator }: FiltersProps) {
  const tables = (useTables().data ?? []).map(({ name }) => name);
  const table = params.get('table') ?? '';
  // Also one that is not there, as an old address may name it.
  const choices = table === '' || tables.includes(table) ? tables : [...tables, table];
  return (
    <div className="filters" role="search">
      <TextFilter label="Search" value={params.get('search') ?? ''} onChange={(search) => set({ search })} />
      <label>
        Show
        <select value={params.get('show') ?? ''} onChange={({ target }) => set({ show: target.value })}>
          {shown.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        Table
        <select value={table} onChange={({ target }) => set({ table: target.value })}>
          <option value="">all</option>
          {choices.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {isOperator && (
        <TextFilter
          label="Company"
          value={params.get('company') ?? ''}
          onChange={(company) => set({ company })}
        />
      )}
    </div>
  );
}
