// The form's choices: which table, which operations, what that would have come to, and what few need.
import { useEffect, useState } from 'react';
import { useTableActivity, useTables } from '../api/queries.ts';
import type { Table } from '../api/types.ts';
import { ErrorNote } from '../parts/note.tsx';
import { useNow } from '../parts/now.ts';
import { useIsOperator } from '../session-context.ts';
import { isolated } from '../words/isolate.ts';
import { wouldSend } from '../words/last-hour.ts';
import { hrefOf } from '../words/places.ts';
import { useZone } from '../zone.ts';
import { FormField } from './form-field.tsx';
import { byModule } from './modules.ts';
import type { Draft } from './webhook-draft.ts';

export interface ChoiceProps {
  readonly id: string;
  readonly draft: Draft;
  readonly set: (changed: Partial<Draft>) => void;
  readonly problem: string | undefined;
}

export function TableChoice({ id, draft, set, problem }: ChoiceProps) {
  const tables = useTables();
  const enabled = (tables.data ?? []).filter((table) => table.enabled || table.name === draft.table);
  const isListed = enabled.some(({ name }) => name === draft.table);
  return (
    <FormField id={id} label="Table" problem={problem} hint={<TableHint />}>
      <select value={draft.table} onChange={({ target }) => set({ table: target.value })}>
        <option value="">Choose…</option>
        {draft.table !== '' && !isListed && <option value={draft.table}>{draft.table}</option>}
        {byModule(enabled).map(([module, inModule]) => (
          <optgroup key={module} label={module}>
            {inModule.map((table) => (
              <option key={table.name} value={table.name}>
                {titleOf(table)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </FormField>
  );
}

// Why there is nothing to choose from.
function TableHint() {
  const tables = useTables();
  const isOperator = useIsOperator();
  if (tables.data === undefined) {
    if (tables.error === null) return null;
    return (
      <div>
        <ErrorNote error={tables.error} />
        <button type="button" className="small" onClick={() => void tables.refetch()}>
          List the tables again
        </button>
      </div>
    );
  }
  if (tables.data.some(({ enabled }) => enabled)) return null;
  if (!isOperator) return <p>No table is enabled yet: ask the operator to enable one.</p>;
  return (
    <p>
      No table is enabled yet: <a href={hrefOf(['tables'])}>Tables</a> has the statement that enables one.
    </p>
  );
}

function titleOf({ name, label }: Table): string {
  return label === null ? isolated(name) : `${isolated(label)} (${isolated(name)})`;
}

const operations = [
  ['onInsert', 'Insert'],
  ['onUpdate', 'Update'],
  ['onDelete', 'Delete'],
] as const;

export function Triggers({ id, draft, set, problem }: ChoiceProps) {
  return (
    <fieldset id={id} tabIndex={-1} aria-describedby={problem === undefined ? undefined : `${id}-problem`}>
      <legend>Told of each</legend>
      {operations.map(([name, label]) => (
        <label key={name} className="check">
          <input
            type="checkbox"
            checked={draft[name]}
            onChange={({ target }) => set({ [name]: target.checked })}
          />
          {label}
        </label>
      ))}
      {problem !== undefined && (
        <span id={`${id}-problem`} className="problem">
          {problem}
        </span>
      )}
    </fieldset>
  );
}

/** `asksCompany`: whose rows it gets has to be chosen; otherwise that is known. */
export function WouldSend({ draft, asksCompany }: { readonly draft: Draft; readonly asksCompany: boolean }) {
  const [now, zone] = [useNow(), useZone()];
  const company = useSettled(draft.companyId.trim());
  const isWhose = !asksCompany || draft.allCompanies || company !== '';
  const hour = useTableActivity({
    table: isWhose && draft.table !== '' ? draft.table : undefined,
    company: draft.allCompanies || company === '' ? undefined : company,
  }).data;
  if (hour === undefined) return null;
  return <p className="quiet">{wouldSend(draft, hour, now, zone)}</p>;
}

const settlesAfterMs = 400;

/** As it is when nobody has typed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settlesAfterMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

export function MoreOptions({
  id,
  draft,
  set,
  mayBeForAll,
  problem,
}: ChoiceProps & { readonly mayBeForAll: boolean }) {
  return (
    <details className="more">
      <summary>More</summary>
      <div className="fields">
        <label className="check">
          <input
            id={`${id}-onTruncate`}
            type="checkbox"
            checked={draft.onTruncate}
            onChange={({ target }) => set({ onTruncate: target.checked })}
          />
          Told when the whole table is emptied (TRUNCATE)
        </label>
        {mayBeForAll && (
          <label className="check">
            <input
              type="checkbox"
              checked={draft.allCompanies}
              onChange={({ target }) => set({ allCompanies: target.checked })}
            />
            The rows of all companies
          </label>
        )}
        <FormField id={`${id}-breaker`} label="After many failures in a row">
          <select
            value={draft.breaker}
            onChange={({ target }) => set({ breaker: target.value as Draft['breaker'] })}
          >
            <option value="">as the service is set</option>
            <option value="off">go on sending</option>
            <option value="wait">let what comes wait</option>
            <option value="drop">drop what comes</option>
          </select>
        </FormField>
        <FormField id={`${id}-concurrency`} label="POSTs at a time" problem={problem}>
          <input
            inputMode="numeric"
            value={draft.concurrency}
            placeholder="32"
            onChange={({ target }) => set({ concurrency: target.value.trim() })}
          />
        </FormField>
      </div>
    </details>
  );
}
