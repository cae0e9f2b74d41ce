// One delivery sent again: asked first what that means for the receiver, for it may have it already.
import { useState } from 'react';
import { useResend } from '../api/queries.ts';
import type { FoundDelivery } from '../api/types.ts';
import { BusyButton } from '../parts/busy-button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote } from '../parts/note.tsx';
import { useNow } from '../parts/now.ts';
import { mayBeUnderWay } from '../words/failures.ts';
import { hrefOf } from '../words/places.ts';
import { receiptOf } from '../words/resends.ts';

export interface ResendOneProps {
  readonly delivery: FoundDelivery;
  /** Where it goes: the webhook's present one; null: the webhook is gone. */
  readonly url: string | null;
}

export function ResendOne({ delivery, url }: ResendOneProps) {
  const [isAsking, setIsAsking] = useState(false);
  const resend = useResend();
  const result = resend.data;
  const now = useNow();
  const send = (): void => resend.mutate(delivery.id, { onSuccess: () => setIsAsking(false) });
  if (delivery.body === null || url === null || mayBeUnderWay(delivery, now)) return null;
  return (
    <>
      <button type="button" className="small" onClick={() => setIsAsking(true)}>
        Send again
      </button>
      {isAsking && (
        <Dialog title="Send it again?" onClose={() => setIsAsking(false)}>
          <p>{receiptOf(delivery)}</p>
          <p>
            To <code>{url}</code>, once, with the header <code>rowhook-delivery: resend</code>. It gets a row
            of its own in the delivery log; counters stay as they are.
          </p>
          <ErrorNote error={resend.error} />
          <div className="actions">
            <button type="button" onClick={() => setIsAsking(false)}>
              Cancel
            </button>
            <BusyButton className="primary" isBusy={resend.isPending} onClick={send}>
              {resend.isPending ? 'Sending…' : 'Send it'}
            </BusyButton>
          </div>
        </Dialog>
      )}
      {result !== undefined && (
        <p role="status" className={result.isDelivered ? 'note good' : 'note bad'}>
          {result.refusal ?? `Sent again: ${result.outcome ?? 'nothing was sent'}.`}{' '}
          {result.id !== null && <a href={hrefOf(['deliveries', result.id])}>See it</a>}
        </p>
      )}
    </>
  );
}
