// The question before a webhook is paused, and the reason for whoever finds it so. What is paused is what was asked about: what somebody else
// changed since then, and why they paused it, is shown first.
import { useState, type SubmitEvent } from 'react';
import { isChangedMeanwhile, useChange } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { announce } from '../parts/announcement.tsx';
import { BusyButton } from '../parts/busy-button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/note.tsx';
import { isolated } from '../words/isolate.ts';
import { ChangedNote } from './changed-note.tsx';
import { GoneNote } from './gone-note.tsx';
import type { DialogOfWebhookProps } from './webhook-questions.tsx';

export function PauseDialog({ webhook, askedVersion, isGone, onClose }: DialogOfWebhookProps) {
  const [reason, setReason] = useState('');
  const change = useChange();
  const name = isolated(webhook.name);
  const isRefused = isChangedMeanwhile(change.error);
  const isPausedElsewhere = !webhook.active && change.isIdle;
  const isReplacing = isRefused && !webhook.active;
  const done = (): void => {
    announce(`“${name}” is paused.`);
    onClose();
  };
  const pause = (event: SubmitEvent): void => {
    event.preventDefault();
    const changes = { active: false, pauseReason: reason.trim() === '' ? null : reason.trim() };
    // Once it was said what it is now, that is what is meant.
    const version = isRefused ? webhook.version : askedVersion;
    change.mutate({ id: webhook.id, version, changes }, { onSuccess: done });
  };
  return (
    <Dialog title={`Pause “${name}”?`} onClose={onClose}>
      {isGone ? (
        <GoneNote name={webhook.name} onClose={onClose} />
      ) : (
        <form onSubmit={pause}>
          <p>
            It stops at once. What was committed before goes out when it is resumed; what is committed while
            it is paused is counted as missed, and never sent.
          </p>
          <div className="field">
            <label htmlFor="reason">Why (for whoever finds it paused)</label>
            <input
              id="reason"
              value={reason}
              maxLength={500}
              required={isReplacing}
              onChange={({ target }) => setReason(target.value)}
            />
          </div>
          {isRefused || isPausedElsewhere ? (
            <MeanwhileNote webhook={webhook} isRefused={isRefused} />
          ) : (
            <ErrorNote error={change.error} />
          )}
          <div className="actions">
            <BusyButton type="submit" className="primary" isBusy={change.isPending}>
              {isReplacing ? 'Replace the reason' : 'Pause'}
            </BusyButton>
            <button type="button" onClick={onClose}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

interface MeanwhileNoteProps {
  readonly webhook: Webhook;
  /** What was to be written was not. */
  readonly isRefused: boolean;
}

function MeanwhileNote({ webhook, isRefused }: MeanwhileNoteProps) {
  if (webhook.active)
    return (
      <ChangedNote
        webhook={webhook}
        undone="so it was not paused"
        advice="Pause it all the same, or cancel and look at it."
      />
    );
  const why = webhook.pauseReason === null ? ', without a reason' : `: ${isolated(webhook.pauseReason)}`;
  return (
    <div className="note bad" role="alert">
      <p>Paused meanwhile{why}</p>
      <p>
        {isRefused
          ? 'Nothing was written. Replace that reason with yours, or cancel and leave it.'
          : 'Cancel leaves it so.'}
      </p>
    </div>
  );
}
