// Why a record's change was sent, or was not: found by its table and key, which stand in the address.
import { useState, type SubmitEvent } from 'react';
import { go, useAddress } from '../address.ts';
import { hrefOf } from '../words/places.ts';
import { useTables, useWhy } from '../api/queries.ts';
import type { Explanation } from '../api/types.ts';
import { FullTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { useIsOperator } from '../session-context.ts';

export function WhyPage() {
  const { params } = useAddress();
  const record = { table: params.get('table') ?? '', key: params.get('key') ?? '' };
  const why = useWhy(record);
  const isAsked = record.table !== '' && record.key !== '';
  return (
    <>
      <h1>Why</h1>
      <p>What became of a record’s recent changes, for each webhook of its table.</p>
      <Search key={`${record.table} ${record.key}`} record={record} />
      {isAsked && <QueryNote query={why} />}
      {why.data !== undefined && <Found explanation={why.data} />}
    </>
  );
}

function Search({ record: given }: { readonly record: { readonly table: string; readonly key: string } }) {
  const tables = useTables().data ?? [];
  const [table, setTable] = useState(given.table);
  const [key, setKey] = useState(given.key);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    go(['why'], { table, key: key.trim() });
  };
  return (
    <form className="filters" onSubmit={submit} role="search">
      <label>
        Table
        <select value={table} required onChange={({ target }) => setTable(target.value)}>
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
          onChange={({ target }) => setKey(target.value)}
        />
      </label>
      <button type="submit" className="primary">
        Ask
      </button>
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
                {decision.webhookName ?? decision.webhookId}
              </a>
              {isOperator && <span className="quiet"> {decision.companyId ?? 'all companies'}</span>}
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
