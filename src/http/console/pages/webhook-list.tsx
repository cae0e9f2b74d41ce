// The list, those that need attention first. What is searched for and filtered stands in the address, and which page of it.
import { useDeferredValue, type ReactNode } from 'react';
import { setParams, useAddress } from '../address.ts';
import { hrefOf, type Params } from '../words/places.ts';
import { hasMore, useTables, useWebhooks, type Health } from '../api/queries.ts';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { TextFilter } from '../parts/text-filter.tsx';
import { useIsOperator } from '../session-context.ts';
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
  const { params } = address;
  const of = (name: string): string | undefined => params.get(name) ?? undefined;
  const health = shown.find(([value]) => value === (of('show') ?? ''))?.[2];
  const search = useDeferredValue(of('search'));
  const webhooks = useWebhooks({
    limit: perPage,
    cursor: of('from'),
    search,
    table: of('table'),
    company: of('company'),
    health,
  });
  const set = (changed: Params): void => setParams(address, { from: null, ...changed });
  const list = webhooks.data?.data ?? [];
  const isFiltered = ['search', 'show', 'table', 'company'].some((name) => params.has(name));
  return (
    <section aria-labelledby="list">
      <h2 id="list">{isOperator ? 'All webhooks' : 'Your webhooks'}</h2>
      <Filters params={params} set={set} isOperator={isOperator} />
      <QueryNote query={webhooks} />
      {webhooks.data !== undefined && list.length === 0 && <Nothing isFiltered={isFiltered} />}
      {list.length > 0 && (
        <ul className="rows" aria-label="Webhooks" aria-busy={webhooks.isPlaceholderData}>
          {list.map((webhook) => (
            <WebhookRow key={webhook.id} webhook={webhook} isOperator={isOperator} />
          ))}
        </ul>
      )}
      <p className="actions">
        {params.has('from') && (
          <button type="button" onClick={() => set({})}>
            First {perPage}
          </button>
        )}
        {hasMore(webhooks.data) && (
          <button type="button" onClick={() => set({ from: webhooks.data?.nextCursor ?? null })}>
            Next {perPage}
          </button>
        )}
      </p>
    </section>
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
  const tables = useTables().data ?? [];
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
        <select value={params.get('table') ?? ''} onChange={({ target }) => set({ table: target.value })}>
          <option value="">all</option>
          {tables.map(({ name }) => (
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
