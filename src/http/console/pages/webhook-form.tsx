// The form: what everybody needs in sight, the rest folded away under More. A test goes out as the form stands, saved or not.
import { useId, useState, type SubmitEvent } from 'react';
import { ApiProblem } from '../api/client.ts';
import { isChangedMeanwhile, useChange, useCreate, useCurrentWebhook, useTest } from '../api/queries.ts';
import type { NewWebhook, Webhook } from '../api/types.ts';
import { announce } from '../parts/announcement.tsx';
import { BusyButton } from '../parts/busy-button.tsx';
import { ErrorNote } from '../parts/note.tsx';
import { useIsOperator } from '../session-context.ts';
import { isolated } from '../words/isolate.ts';
import { EditConflict } from './edit-conflict.tsx';
import { FormField } from './form-field.tsx';
import { MoreOptions, TableChoice, Triggers, WouldSend } from './form-choices.tsx';
import { TestOutcome } from './test-outcome.tsx';
import {
  afterCreate,
  changedFields,
  changesBetween,
  draftOf,
  emptyDraft,
  fieldOf,
  merged,
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
  // A change is meant for what was read when the form was opened, or after somebody else's change was seen.
  const [base, setBase] = useState(edited);
  const [draft, setDraft] = useState<Draft>(base === null ? emptyDraft : draftOf(base));
  const [isTried, setIsTried] = useState(false);
  const [said, setSaid] = useState('');
  const [create, change, test, current] = [useCreate(), useChange(), useTest(), useCurrentWebhook()];
  const id = useId();
  const set = (changed: Partial<Draft>): void => setDraft((before) => ({ ...before, ...changed }));
  const theirs = current.data;
  const refused = isChangedMeanwhile(change.error) ? (current.error ?? change.error) : change.error;
  const error = base === null ? create.error : theirs === undefined ? refused : null;
  const problems = isTried
    ? { ...refusedFields(error ?? test.error), ...problemsOf(draft, asksCompany) }
    : {};
  const isSaving = create.isPending || change.isPending || current.isPending;
  const isWhole = (): boolean => {
    setIsTried(true);
    setSaid('');
    // What is under way still says what came of it.
    for (const each of [create, change, current, test]) if (!each.isPending) each.reset();
    const first = Object.keys(problemsOf(draft, asksCompany))[0];
    if (first !== undefined) goTo(`${id}-${first}`);
    return first === undefined;
  };
  const saveOver = (known: Webhook, wanted: Draft): void => {
    const changes = changesBetween(draftOf(known), wanted);
    if (Object.keys(changes).length === 0) {
      onDone();
      return;
    }
    const saved = (): void => {
      announce(`“${isolated(wanted.name.trim())}” is saved.`);
      onDone();
    };
    // It may be this very change, whose answer was lost.
    const savedIfThere = (now: Webhook): void => {
      if (Object.keys(missingFrom(now, known, wanted)).length === 0) saved();
    };
    const onError = (problem: Error): void => {
      if (isChangedMeanwhile(problem)) current.mutate(known.id, { onSuccess: savedIfThere });
    };
    change.mutate({ id: known.id, version: known.version, changes }, { onSuccess: saved, onError });
  };
  const settle = (now: Webhook, winner: 'mine' | 'theirs'): void => {
    if (base === null) return;
    const wanted = merged({ base: draftOf(base), mine: draft, theirs: draftOf(now) }, winner);
    setBase(now);
    setDraft(wanted);
    change.reset();
    current.reset();
    if (winner === 'mine') {
      saveOver(now, wanted);
      return;
    }
    const [first] = Object.keys(changedFields(draft, wanted)) as (keyof Draft)[];
    if (first !== undefined) goTo(`${id}-${placeOf(first)}`);
    announce('Theirs is in the form, not saved yet.');
  };
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!isWhole()) return;
    if (base !== null) {
      saveOver(base, draft);
      return;
    }
    create.mutate(newWebhookOf(draft, isOperator), {
      onSuccess: ({ name }) => {
        setDraft((now) => afterCreate(draft, now));
        setIsTried(false);
        setSaid(`“${isolated(name)}” is created. It is told of what is committed from now on.`);
      },
    });
  };
  const sendTest = (): void => {
    if (isWhole()) test.mutate(newWebhookOf(draft, isOperator));
  };
  const title = base === null ? 'New webhook' : `Edit “${isolated(base.name)}”`;
  const tested = test.variables !== undefined && 'url' in test.variables ? test.variables : null;
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
            id={`${id}-active`}
            type="checkbox"
            checked={draft.active}
            onChange={({ target }) => set({ active: target.checked })}
          />
          Active
        </label>
      </div>
      <WouldSend draft={draft} asksCompany={asksCompany} />
      <MoreOptions id={id} draft={draft} set={set} mayBeForAll={asksCompany} problem={problems.concurrency} />
      <ErrorNote error={error} />
      <ErrorNote error={test.error} />
      {base !== null && theirs !== undefined && (
        <EditConflict
          conflict={{ base: draftOf(base), mine: draft, theirs: draftOf(theirs) }}
          onSettled={(winner) => settle(theirs, winner)}
        />
      )}
      <p role="status" className={said === '' ? 'hidden' : 'note good'}>
        {said}
      </p>
      <div className="actions">
        <BusyButton type="submit" className="primary" isBusy={isSaving}>
          {base === null ? 'Create webhook' : 'Save'}
        </BusyButton>
        <BusyButton onClick={sendTest} isBusy={test.isPending}>
          {test.isPending ? 'Sending…' : 'Send test'}
        </BusyButton>
        {base !== null && (
          <button type="button" onClick={onDone}>
            Cancel
          </button>
        )}
      </div>
      {test.data !== undefined && tested !== null && (
        <TestOutcome
          result={test.data}
          url={tested.url}
          isOfBefore={!isSame(tested, newWebhookOf(draft, isOperator))}
        />
      )}
    </form>
  );
}

/** What somebody wanted that the webhook, as it is now, does not have. */
function missingFrom(now: Webhook, known: Webhook, wanted: Draft): object {
  const theirs = draftOf(now);
  return changesBetween(theirs, merged({ base: draftOf(known), mine: wanted, theirs }, 'mine'));
}

/** Three of the operations stand in one field. */
function placeOf(name: keyof Draft): string {
  return ['onInsert', 'onUpdate', 'onDelete'].includes(name) ? 'triggers' : name;
}

/** Also where the field is folded away. */
function goTo(fieldId: string): void {
  const field = document.getElementById(fieldId);
  field?.closest('details')?.setAttribute('open', '');
  field?.focus();
}

function isSame(tested: NewWebhook, now: NewWebhook): boolean {
  return JSON.stringify(tested) === JSON.stringify(now);
}

function refusedFields(error: unknown): Partial<Record<Field, string>> {
  if (!(error instanceof ApiProblem)) return {};
  const named = error.fields.flatMap(({ at, problem }) => {
    const field = fieldOf(at);
    return field === null ? [] : [[field, problem]];
  });
  return Object.fromEntries(named) as Partial<Record<Field, string>>;
}
