// The form: what everybody needs in sight, the rest folded away under More. A test goes out as the form stands, saved or not.
import { useId, useState, type SubmitEvent } from 'react';
import { ApiProblem } from '../api/client.ts';
import { useChange, useCreate, useTest } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { ErrorNote } from '../parts/note.tsx';
import { useIsOperator } from '../session-context.ts';
import { FormField } from './form-field.tsx';
import { MoreOptions, TableChoice, Triggers, WouldSend } from './form-choices.tsx';
import { TestOutcome } from './test-outcome.tsx';
import {
  changesOf,
  draftOf,
  emptyDraft,
  fieldOf,
  newWebhookOf,
  problemsOf,
  type Draft,
  type Field,
} from './webhook-draft.ts';

export interface WebhookFormProps {
  /** Null: a new one. */
  readonly edited: Webhook | null;
  readonly onDone: () => void;
}

export function WebhookForm({ edited, onDone }: WebhookFormProps) {
  const isOperator = useIsOperator();
  const asksCompany = isOperator && edited === null;
  const [draft, setDraft] = useState<Draft>(edited === null ? emptyDraft : draftOf(edited));
  // A change is meant for what was read when the form was opened.
  const [version] = useState(edited?.version ?? 0);
  const [isTried, setIsTried] = useState(false);
  const [said, setSaid] = useState('');
  const [create, change, test] = [useCreate(), useChange(), useTest()];
  const id = useId();
  const set = (changed: Partial<Draft>): void => setDraft((before) => ({ ...before, ...changed }));
  const error = edited === null ? create.error : change.error;
  const problems = isTried
    ? { ...refusedFields(error ?? test.error), ...problemsOf(draft, asksCompany) }
    : {};
  const isWhole = (): boolean => {
    setIsTried(true);
    setSaid('');
    create.reset();
    change.reset();
    test.reset();
    const first = Object.keys(problemsOf(draft, asksCompany))[0];
    if (first !== undefined) document.getElementById(`${id}-${first}`)?.focus();
    return first === undefined;
  };
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!isWhole()) return;
    if (edited !== null) {
      change.mutate({ id: edited.id, version, changes: changesOf(draft) }, { onSuccess: onDone });
      return;
    }
    create.mutate(newWebhookOf(draft, isOperator), {
      onSuccess: ({ name }) => {
        setDraft({ ...emptyDraft, companyId: draft.companyId });
        setIsTried(false);
        setSaid(`“${name}” is created. It is told of what is committed from now on.`);
      },
    });
  };
  const sendTest = (): void => {
    if (isWhole()) test.mutate(newWebhookOf(draft, isOperator));
  };
  const title = edited === null ? 'New webhook' : `Edit “${edited.name}”`;
  return (
    <form className="card webhook-form" aria-label={title} onSubmit={save} noValidate>
      <h2>{title}</h2>
      <div className="fields">
        <FormField id={`${id}-name`} label="Name" problem={problems.name}>
          <input value={draft.name} maxLength={200} onChange={({ target }) => set({ name: target.value })} />
        </FormField>
        <TableChoice id={`${id}-table`} draft={draft} set={set} problem={problems.table} />
        {asksCompany && (
          <FormField id={`${id}-companyId`} label="Company" problem={problems.companyId}>
            <input
              value={draft.companyId}
              disabled={draft.allCompanies}
              placeholder={draft.allCompanies ? 'all companies' : ''}
              onChange={({ target }) => set({ companyId: target.value })}
            />
          </FormField>
        )}
        <FormField id={`${id}-url`} label="URL" problem={problems.url} isWide>
          <input
            type="url"
            inputMode="url"
            value={draft.url}
            placeholder="https://"
            spellCheck={false}
            onChange={({ target }) => set({ url: target.value })}
          />
        </FormField>
      </div>
      <div className="choices">
        <Triggers id={`${id}-triggers`} draft={draft} set={set} problem={problems.triggers} />
        <label className="check">
          <input
            type="checkbox"
            checked={draft.active}
            onChange={({ target }) => set({ active: target.checked })}
          />
          Active
        </label>
      </div>
      <WouldSend draft={draft} asksCompany={asksCompany} />
      <MoreOptions id={id} draft={draft} set={set} mayBeForAll={asksCompany} problem={problems.concurrency} />
      <ErrorNote error={error ?? test.error} />
      <p role="status" className={said === '' ? 'hidden' : 'note good'}>
        {said}
      </p>
      <div className="actions">
        <button type="submit" className="primary" disabled={create.isPending || change.isPending}>
          {edited === null ? 'Create webhook' : 'Save'}
        </button>
        <button type="button" onClick={sendTest} disabled={test.isPending}>
          {test.isPending ? 'Sending…' : 'Send test'}
        </button>
        {edited !== null && (
          <button type="button" onClick={onDone}>
            Cancel
          </button>
        )}
      </div>
      {test.data !== undefined && <TestOutcome result={test.data} url={draft.url} />}
    </form>
  );
}

function refusedFields(error: unknown): Partial<Record<Field, string>> {
  if (!(error instanceof ApiProblem)) return {};
  const named = error.fields.flatMap(({ at, problem }) => {
    const field = fieldOf(at);
    return field === null ? [] : [[field, problem]];
  });
  return Object.fromEntries(named) as Partial<Record<Field, string>>;
}
