// The question before a webhook is paused, and the reason for whoever finds it so.
import { useState, type SubmitEvent } from 'react';
import { useChange } from '../api/queries.ts';
import { announce } from '../parts/announcement.tsx';
import { BusyButton } from '../parts/busy-button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/note.tsx';
import { isolated } from '../words/isolate.ts';
import { GoneNote } from './gone-note.tsx';
import type { DialogOfWebhookProps } from './webhook-questions.tsx';

export function PauseDialog({ webhook, isGone, onClose }: DialogOfWebhookProps) {
  const [reason, setReason] = useState('');
  const change = useChange();
  const name = isolated(webhook.name);
  const done = (): void => {
    announce(`“${name}” is paused.`);
    onClose();
  };
  const pause = (event: SubmitEvent): void => {
    event.preventDefault();
    const changes = { active: false, pauseReason: reason.trim() === '' ? null : reason.trim() };
    change.mutate({ id: webhook.id, version: webhook.version, changes }, { onSuccess: done });
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
              onChange={({ target }) => setReason(target.value)}
            />
          </div>
          <ErrorNote error={change.error} />
          <div className="actions">
            <BusyButton type="submit" className="primary" isBusy={change.isPending}>
              Pause
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
