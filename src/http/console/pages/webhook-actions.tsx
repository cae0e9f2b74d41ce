// What may be done with a webhook, each with the question that it needs before.
import { useState, type SubmitEvent } from 'react';
import { go, useAddress } from '../address.ts';
import { hrefOf } from '../words/places.ts';
import { useChange, useDelete, useTest } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote, Waiting } from '../parts/note.tsx';
import { amount, counted } from '../words/amounts.ts';
import { TestOutcome } from './test-outcome.tsx';

type Question = 'pause' | 'delete' | 'test';

export function WebhookActions({ webhook }: { readonly webhook: Webhook }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const { path, params } = useAddress();
  const filters = path.length === 1 ? Object.fromEntries(params) : {};
  const change = useChange();
  const close = (): void => setQuestion(null);
  const resume = (): void =>
    change.mutate({ id: webhook.id, version: webhook.version, changes: { active: true } });
  const named = (verb: string): string => `${verb} ${webhook.name}`;
  return (
    <div className="row-actions">
      <button type="button" className="small" aria-label={named('Test')} onClick={() => setQuestion('test')}>
        Test
      </button>
      <a
        className="button small"
        aria-label={named('Edit')}
        href={hrefOf(['webhooks'], { ...filters, edit: webhook.id })}
      >
        Edit
      </a>
      {webhook.active ? (
        <button
          type="button"
          className="small"
          aria-label={named('Pause')}
          onClick={() => setQuestion('pause')}
        >
          Pause
        </button>
      ) : (
        <button
          type="button"
          className="small"
          aria-label={named('Resume')}
          onClick={resume}
          disabled={change.isPending}
        >
          Resume
        </button>
      )}
      <button
        type="button"
        className="small"
        aria-label={named('Delete')}
        onClick={() => setQuestion('delete')}
      >
        Delete
      </button>
      <ErrorNote error={change.error} />
      {question === 'pause' && <PauseDialog webhook={webhook} onClose={close} />}
      {question === 'delete' && <DeleteDialog webhook={webhook} onClose={close} />}
      {question === 'test' && <TestDialog webhook={webhook} onClose={close} />}
    </div>
  );
}

interface QuestionProps {
  readonly webhook: Webhook;
  readonly onClose: () => void;
}

function PauseDialog({ webhook, onClose }: QuestionProps) {
  const [reason, setReason] = useState('');
  const change = useChange();
  const pause = (event: SubmitEvent): void => {
    event.preventDefault();
    const changes = { active: false, pauseReason: reason.trim() === '' ? null : reason.trim() };
    change.mutate({ id: webhook.id, version: webhook.version, changes }, { onSuccess: onClose });
  };
  return (
    <Dialog title={`Pause “${webhook.name}”?`} onClose={onClose}>
      <form onSubmit={pause}>
        <p>
          It stops at once. What was committed before goes out when it is resumed; what is committed while it
          is paused is counted as missed, and never sent.
        </p>
        <div className="field">
          <label htmlFor="reason">Why (for whoever finds it paused)</label>
          <input
            id="reason"
            value={reason}
            maxLength={500}
            onChange={({ target }) => setReason(target.value)}
          />
        </div>
        <ErrorNote error={change.error} />
        <div className="actions">
          <button type="submit" className="primary" disabled={change.isPending}>
            Pause
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteDialog({ webhook, onClose }: QuestionProps) {
  const remove = useDelete();
  const { path } = useAddress();
  const { name, backlogCount, claimedCount } = webhook;
  const confirm = (): void =>
    remove.mutate(
      { id: webhook.id },
      {
        onSuccess: () => {
          onClose();
          if (path.length > 1) go(['webhooks']);
        },
      },
    );
  return (
    <Dialog title={`Delete “${name}”?`} onClose={onClose}>
      <p>It stops at once, and cannot be brought back.</p>
      <ul>
        <li>
          {backlogCount === 0
            ? 'Nothing waits to be sent.'
            : `${counted(backlogCount, 'delivery waits', 'deliveries wait')} to be sent: they are dropped, and stand among the losses.`}
        </li>
        <li>
          Its counters go ({amount(claimedCount)} so far); its rows in the delivery log and among the losses
          stay.
        </li>
        <li>To stop it for a while only, pause it instead.</li>
      </ul>
      <ErrorNote error={remove.error} />
      <div className="actions">
        <button type="button" className="danger" onClick={confirm} disabled={remove.isPending}>
          Delete it
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

function TestDialog({ webhook, onClose }: QuestionProps) {
  const test = useTest();
  const isDone = test.data !== undefined || test.error !== null;
  return (
    <Dialog title={`Test “${webhook.name}”`} onClose={onClose}>
      {!isDone && !test.isPending && (
        <p>
          One POST goes out now, by the code that sends deliveries, with the header rowhook-delivery: test. It
          is counted nowhere.
        </p>
      )}
      {test.isPending && <Waiting />}
      <ErrorNote error={test.error} />
      {test.data !== undefined && <TestOutcome result={test.data} url={webhook.url} />}
      <div className="actions">
        <button
          type="button"
          className="primary"
          disabled={test.isPending}
          onClick={() => test.mutate({ id: webhook.id })}
        >
          {isDone ? 'Send again' : 'Send test'}
        </button>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
