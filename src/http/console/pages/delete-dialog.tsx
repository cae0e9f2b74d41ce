// The question before a webhook is deleted. What is deleted is what was asked about: one that was changed since then is shown first.
import { go, useAddress } from '../address.ts';
import { isChangedMeanwhile, useDelete } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { announce } from '../parts/announcement.tsx';
import { BusyButton } from '../parts/busy-button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/note.tsx';
import { amount, counted } from '../words/amounts.ts';
import { isolated } from '../words/isolate.ts';
import { ChangedNote } from './changed-note.tsx';
import { GoneNote } from './gone-note.tsx';
import type { DialogOfWebhookProps } from './webhook-questions.tsx';

export function DeleteDialog(props: DialogOfWebhookProps) {
  const { webhook, askedVersion, isGone, onClose, onDeleted } = props;
  const remove = useDelete();
  const { path } = useAddress();
  const { id, name, version } = webhook;
  const isChanged = isChangedMeanwhile(remove.error);
  const done = (): void => {
    announce(`“${isolated(name)}” is deleted.`);
    onDeleted();
    if (path.length > 1) go(['webhooks']);
  };
  // Once it was said what it is now, that is what is meant.
  const confirm = (): void =>
    remove.mutate({ id, version: isChanged ? version : askedVersion }, { onSuccess: done });
  return (
    <Dialog title={`Delete “${isolated(name)}”?`} onClose={onClose}>
      {isGone && !remove.isPending ? (
        <GoneNote name={name} onClose={onClose} />
      ) : (
        <>
          <Consequences webhook={webhook} />
          {isChanged ? (
            <ChangedNote
              webhook={webhook}
              undone="so it was not deleted"
              advice="Delete it all the same, or cancel and look at it."
            />
          ) : (
            <ErrorNote error={remove.error} />
          )}
          {/* The first of them has the focus: it is the one that does nothing. */}
          <div className="actions">
            <button type="button" onClick={onClose}>
              Cancel
            </button>
            <BusyButton className="danger" isBusy={remove.isPending} onClick={confirm}>
              Delete it
            </BusyButton>
          </div>
        </>
      )}
    </Dialog>
  );
}

function Consequences({ webhook: { backlogCount, claimedCount } }: { readonly webhook: Webhook }) {
  return (
    <>
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
    </>
  );
}
