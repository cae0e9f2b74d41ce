// Sending again what a loss names, or what failed in a stretch of time: the question, how far it is, and what came of it. Closing it stops the
// sending; what was sent by then stays to be read where it was asked for.
import { useEffect, useRef, useState } from 'react';
import { isUnderWay, useResending, type Resending, type ResendRun } from '../api/resend-run.ts';
import { Dialog } from '../parts/dialog.tsx';
import type { Sought } from '../words/resends.ts';
import { ResendNote, ResendProgress } from './resend-progress.tsx';
import { ResendQuestion } from './resend-question.tsx';

export interface ResendProps {
  readonly webhook: string;
  readonly sought: Sought;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Also while it is not open it has to stay where it is: leaving the page stops it. */
export function Resend({ isOpen, onClose, ...asked }: ResendProps) {
  const resending = useResending();
  const close = (): void => {
    resending.stop();
    onClose();
  };
  if (isOpen) return <ResendDialog {...asked} resending={resending} onClose={close} />;
  if (resending.run === null) return null;
  const of = asked.sought.kind === 'loss' ? `Loss ${asked.sought.loss.id}: ` : '';
  return <ResendNote run={resending.run} of={of} />;
}

interface DialogProps extends Omit<ResendProps, 'isOpen'> {
  readonly resending: Resending;
}

function ResendDialog({ webhook, sought, resending, onClose }: DialogProps) {
  // One that had ended before is no answer to this question.
  const [before] = useState(isUnderWay(resending.run) ? null : resending.run);
  const run = resending.run === before ? null : resending.run;
  return (
    <Dialog
      title={sought.kind === 'loss' ? `Send loss ${sought.loss.id} again` : 'Send again what failed'}
      onClose={onClose}
    >
      {run === null ? (
        <ResendQuestion webhook={webhook} sought={sought} onStart={resending.start} onClose={onClose} />
      ) : (
        <>
          <ResendProgress run={run} />
          <Actions run={run} resending={resending} onClose={onClose} />
        </>
      )}
    </Dialog>
  );
}

interface ActionsProps {
  readonly run: ResendRun;
  readonly resending: Resending;
  readonly onClose: () => void;
}

function Actions({ run, resending, onClose }: ActionsProps) {
  const first = useRef<HTMLButtonElement>(null);
  const isEnded = !isUnderWay(run);
  // The button that had the focus is gone.
  useEffect(() => first.current?.focus(), [isEnded]);
  const mayGoOn = run.phase === 'stopped' || run.phase === 'failed';
  return (
    <div className="actions">
      {!isEnded && (
        <button type="button" ref={first} onClick={resending.stop}>
          Stop
        </button>
      )}
      {mayGoOn && (
        <button type="button" ref={first} className="primary" onClick={resending.goOn}>
          Go on
        </button>
      )}
      {isEnded && (
        <button type="button" ref={mayGoOn ? null : first} onClick={onClose}>
          Close
        </button>
      )}
    </div>
  );
}
