// The ledger, of every webhook that the token sees, or one row of it: the address says which, so that it can be given to somebody else.
import { useDeferredValue } from 'react';
import { setParams, useAddress } from '../address.ts';
import { isUnknown, useLosses, useTables } from '../api/queries.ts';
import { Isolate } from '../parts/isolate.tsx';
import { FullTime } from '../parts/moment.tsx';
import { EmptyNote } from '../parts/note.tsx';
import { TextFilter } from '../parts/text-filter.tsx';
import { useTitle } from '../parts/title.ts';
import { isolated } from '../words/isolate.ts';
import { hrefOf, type Params } from '../words/places.ts';
import { lossReasons } from '../words/resends.ts';
import { LossList } from './loss-list.tsx';

export function LossesPage() {
  const address = useAddress();
  const of = (name: string): string | undefined => address.params.get(name) ?? undefined;
  const webhook = useDeferredValue(of('webhook'));
  const id = of('id');
  useTitle(id === undefined ? 'Losses' : `Loss ${isolated(id)}`);
  if (id !== undefined) return <OneLoss key={id} id={id} />;
  const filters = { webhook, table: of('table'), reason: of('reason') };
  return (
    <>
      <h1>Losses</h1>
      <p>
        What got no answer, or was never sent, and why. What was answered with an error stands among its
        webhook’s deliveries. Nothing is sent again by itself; what the delivery log still has of a row you
        can send again.
      </p>
      <Filters params={address.params} set={(changed) => setParams(address, changed)} />
      <LossList filters={filters} hasWebhooks />
    </>
  );
}

function OneLoss({ id }: { readonly id: string }) {
  const filters = { id: Number(id) };
  const { data, error } = useLosses({ ...filters, limit: 1 });
  const loss = data?.data[0];
  if (isUnknown(error) || (data !== undefined && loss === undefined))
    return (
      <>
        <h1>No such loss</h1>
        <EmptyNote>
          No loss has the id <Isolate text={id} />, or it is not one of yours.{' '}
          <a href={hrefOf(['losses'])}>All losses</a>
        </EmptyNote>
      </>
    );
  return (
    <>
      <h1>Loss {id}</h1>
      <p>
        <a href={hrefOf(['losses'])}>All losses</a>
      </p>
      <LossList filters={filters} hasWebhooks />
      {loss !== undefined && (
        <dl className="settings">
          <div>
            <dt>Written down</dt>
            <dd>
              <FullTime at={loss.at} />
            </dd>
          </div>
          <div>
            <dt>Changes</dt>
            <dd>{changesOf(loss)}</dd>
          </div>
        </dl>
      )}
    </>
  );
}

function changesOf({
  fromPosition: from,
  toPosition: to,
}: {
  fromPosition: string | null;
  toPosition: string | null;
}): string {
  if (from === null) return 'not known';
  return from === to ? from : `from ${from} to ${to ?? 'not known'}`;
}

interface FiltersProps {
  readonly params: URLSearchParams;
  readonly set: (changed: Params) => void;
}

function Filters({ params, set }: FiltersProps) {
  const tables = (useTables().data ?? []).map(({ name }) => name);
  return (
    <div className="filters" role="search">
      <Choice
        name="Reason"
        value={params.get('reason')}
        choices={lossReasons}
        onChange={(reason) => set({ reason })}
      />
      <TextFilter
        label="Webhook (its id)"
        value={params.get('webhook') ?? ''}
        onChange={(webhook) => set({ webhook })}
      />
      <Choice
        name="Table"
        value={params.get('table')}
        choices={tables}
        onChange={(table) => set({ table })}
      />
    </div>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly value: string | null;
  readonly choices: readonly string[];
  readonly onChange: (value: string) => void;
}

function Choice({ name, value, choices, onChange }: ChoiceProps) {
  // What the address says also where nobody knows it any more, such as a table that was removed.
  const all = value === null || choices.includes(value) ? choices : [value, ...choices];
  return (
    <label>
      {name}
      <select value={value ?? ''} onChange={({ target }) => onChange(target.value)}>
        <option value="">all</option>
        {all.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}
