// A test of a webhook that is saved, and what came of it.
import { useState } from 'react';
import { useTest } from '../api/queries.ts';
import { BusyButton } from '../parts/busy-button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ErrorNote, Waiting } from '../parts/note.tsx';
import { isolated } from '../words/isolate.ts';
import { GoneNote } from './gone-note.tsx';
import { TestOutcome } from './test-outcome.tsx';
import type { DialogOfWebhookProps } from './webhook-questions.tsx';

export function TestDialog({ webhook, isGone, onClose }: DialogOfWebhookProps) {
  const test = useTest();
  const [testedUrl, setTestedUrl] = useState(webhook.url);
  const isDone = test.data !== undefined || test.error !== null;
  const send = (): void => {
    setTestedUrl(webhook.url);
    test.mutate({ id: webhook.id });
  };
  return (
    <Dialog title={`Test “${isolated(webhook.name)}”`} onClose={onClose}>
      {isGone ? (
        <GoneNote name={webhook.name} onClose={onClose} />
      ) : (
        <>
          {!isDone && !test.isPending && (
            <p>
              One POST goes out now, by the code that sends deliveries, with the header rowhook-delivery:
              test. It is counted nowhere.
            </p>
          )}
          {test.isPending && <Waiting />}
          <ErrorNote error={test.error} />
          {test.data !== undefined && <TestOutcome result={test.data} url={testedUrl} />}
          <div className="actions">
            <BusyButton className="primary" isBusy={test.isPending} onClick={send}>
              {isDone ? 'Send again' : 'Send test'}
            </BusyButton>
            <button type="button" onClick={onClose}>
              Close
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}
