// Why a record's change was sent, or was not: found by its table and key, which stand in the address.
import { useState, type SubmitEvent } from 'react';
import { go, useAddress } from '../address.ts';
import { useTables, useWhy } from '../api/queries.ts';
import type { Explanation } from '../api/types.ts';
import { BusyButton } from '../parts/busy-button.tsx';
import { Isolate } from '../parts/isolate.tsx';
import { ClockTime, FullTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { useTitle } from '../parts/title.ts';
import { useIsOperator } from '../session-context.ts';
import { isolated } from '../words/isolate.ts';
import { hrefOf } from '../words/places.ts';

interface RecordName {
  readonly table: string;
  readonly key: string;
}

export function WhyPage() {
  const { params } = useAddress();
  const record = { table: params.get('table') ?? '', key: params.get('key') ?? '' };
  const why = useWhy(record);
  const isAsked = record.table !== '' && record.key !== '';
  useTitle(isAsked ? `Why ${isolated(record.table)} ${isolated(record.key)}` : 'Why');
  const ask = (asked: RecordName): void => {
    const isSame = asked.table === record.table && asked.key === record.key;
    // What was answered a moment ago may have changed since.
    if (isSame) void why.refetch();
    else go(['why'], { ...asked });
  };
  return (
    <>
      <h1>Why</h1>
      <p>What became of a record’s recent changes, for each webhook of its table.</p>
      <Search record={record} isBusy={why.isFetching} onAsk={ask} />
      {isAsked && <QueryNote query={why} />}
      {why.data !== undefined && (
        <>
          <p className="quiet" role="status">
            Answered at <ClockTime at={new Date(why.dataUpdatedAt).toISOString()} />
          </p>
          <Found explanation={why.data} />
        </>
      )}
    </>
  );
}

interface SearchProps {
  /** Of the address; both empty: nothing is asked yet. */
  readonly record: RecordName;
  readonly isBusy: boolean;
  readonly onAsk: (record: RecordName) => void;
}

function Search({ record, isBusy, onAsk }: SearchProps) {
  const tables = useTables().data ?? [];
  const [{ table, key }, setTyped] = useState(record);
  const [known, setKnown] = useState(record);
  // The address was changed by something else, as by Back.
  if (known.table !== record.table || known.key !== record.key) {
    setKnown(record);
    setTyped(record);
  }
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onAsk({ table, key: key.trim() });
  };
  return (
    <form className="filters" onSubmit={submit} role="search">
      <label>
        Table
        <select value={table} required onChange={({ target }) => setTyped({ table: target.value, key })}>
          <option value="">Choose…</option>
          {tables.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        Key
        <input
          value={key}
          required
          spellCheck={false}
          placeholder="so1, or (so1,3)"
          onChange={({ target }) => setTyped({ table, key: target.value })}
        />
      </label>
      <BusyButton type="submit" className="primary" isBusy={isBusy}>
        Ask
      </BusyButton>
    </form>
  );
}

function Found({ explanation: { notes, changes } }: { readonly explanation: Explanation }) {
  return (
    <>
      {notes.map((note) => (
        <p key={note} className="quiet">
          {note}
        </p>
      ))}
      {changes.length === 0 && (
        <EmptyNote>
          Nothing is known of this record: it was not changed lately, or no webhook wanted it.
        </EmptyNote>
      )}
      {changes.map((change) => (
        <Change key={change.changeId} change={change} />
      ))}
    </>
  );
}

function Change({ change }: { readonly change: Explanation['changes'][number] }) {
  const isOperator = useIsOperator();
  return (
    <section className="card" aria-label={`Change ${change.changeId}`}>
      <h2>{change.type ?? 'Change'}</h2>
      <p className="quiet">
        <FullTime at={change.at} /> · change {change.changeId}
      </p>
      <ul className="decisions">
        {change.decisions.map((decision) => (
          <li key={decision.webhookId}>
            <span className={`mark ${toneOf(decision.reason)}`}>{decision.reason}</span>
            <div>
              <a href={hrefOf(['webhooks', decision.webhookId])}>
                <Isolate text={decision.webhookName ?? decision.webhookId} />
              </a>
              {isOperator && (
                <span className="quiet">
                  {' '}
                  <Isolate text={decision.companyId ?? 'all companies'} />
                </span>
              )}
              <p>{decision.sentence}</p>
            </div>
          </li>
        ))}
      </ul>
      {change.omitted > 0 && <p className="quiet">{change.omitted} further webhooks got nothing of it.</p>}
    </section>
  );
}

function toneOf(reason: string): string {
  if (reason === 'delivered') return 'good';
  if (['rejected', 'failed', 'interrupted', 'probably interrupted', 'dropped'].includes(reason)) return 'bad';
  return reason === 'waiting' ? 'warn' : 'rest';
}
