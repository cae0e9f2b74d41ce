// What is asked before many are sent again: how many the log has, where they go, what the receiver sees, and whether it may have them already.
import { useState } from 'react';
import { useResendCount, useWebhook } from '../api/queries.ts';
import type { ResendJob } from '../api/resend-run.ts';
import { EmptyNote, ErrorNote } from '../parts/note.tsx';
import { counted } from '../words/amounts.ts';
import { aboutBodies, aboutCount, mayHaveArrived, nothingLeft, type Sought } from '../words/resends.ts';
import { inputTime } from '../words/times.ts';
import { useZone } from '../zone.ts';
import { ResendStretch, rangeOf, type Stretch } from './resend-stretch.tsx';

export interface ResendQuestionProps {
  readonly webhook: string;
  readonly sought: Sought;
  readonly onStart: (job: ResendJob) => void;
  readonly onClose: () => void;
}

export function ResendQuestion({ webhook, sought, onStart, onClose }: ResendQuestionProps) {
  const zone = useZone();
  const [stretch, setStretch] = useState<Stretch>({
    since: sought.kind === 'stretch' ? inputTime(new Date(sought.since), zone) : '',
    outcomes: ['rejected', 'failed'],
  });
  const range = sought.kind === 'loss' ? { loss: sought.loss.id } : rangeOf(stretch, zone);
  const { data, error, isFetching, refetch } = useResendCount(webhook, range);
  const { count = null, withoutBody = null, nextCursor: cursor = null } = data ?? {};
  const isSome = range !== null && count !== null && cursor !== null;
  return (
    <>
      {sought.kind === 'stretch' && <ResendStretch stretch={stretch} onChange={setStretch} />}
      <div role="status">
        {isFetching && <EmptyNote>Counting…</EmptyNote>}
        {count === 0 && <EmptyNote>{nothingLeft(sought)}</EmptyNote>}
      </div>
      <ErrorNote error={error} />
      {isSome && (
        <What
          webhook={webhook}
          sought={sought}
          count={count}
          withoutBody={withoutBody ?? 0}
          kinds={sought.kind === 'loss' ? [sought.loss.reason] : stretch.outcomes}
        />
      )}
      <div className="actions">
        {isSome && (
          <button
            type="button"
            className="primary"
            onClick={() => onStart({ webhook, range, count, cursor })}
          >
            Send {counted(count, 'delivery', 'deliveries')}
          </button>
        )}
        {error !== null && (
          <button type="button" onClick={() => void refetch()} disabled={isFetching}>
            Ask again
          </button>
        )}
        <button type="button" onClick={onClose}>
          {isSome ? 'Cancel' : 'Close'}
        </button>
      </div>
    </>
  );
}

interface WhatProps {
  readonly webhook: string;
  readonly sought: Sought;
  readonly count: number;
  readonly withoutBody: number;
  /** The loss's reason, or outcomes. */
  readonly kinds: readonly string[];
}

function What({ webhook, sought, count, withoutBody, kinds }: WhatProps) {
  const url = useWebhook(webhook).data?.url;
  const bodies = aboutBodies(sought, withoutBody);
  return (
    <>
      <p>{aboutCount(sought, count)}</p>
      <p>
        To <code>{url ?? 'the webhook’s URL'}</code>, the oldest first, each once.
      </p>
      <ul>
        <li>
          The receiver sees the header <code>rowhook-delivery: resend</code>. What is sent now may be older
          than what it has: newer changes of the same records came before.
        </li>
        {mayHaveArrived(kinds) && (
          <li>
            <strong>The receiver may have some of it already:</strong> whether it arrived is not known.
          </li>
        )}
        {bodies !== null && <li>{bodies}</li>}
        <li>Each gets a row of its own in the delivery log; counters and losses stay as they are.</li>
      </ul>
    </>
  );
}
