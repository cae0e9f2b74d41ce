// Sending many again: the API's pages, one after the other, until there is none, something fails, or somebody stops it. What a page said is never
// dropped: a stop waits for the page under way, and going on begins where the last answer ended.
import { useEffect, useRef, useState } from 'react';
import { addResent, emptyTally, type ResendPhase, type Tally } from '../words/resends.ts';
import { answerOf, api } from './client.ts';
import { staleDeliveries } from './queries.ts';
import type { ResendRange } from './types.ts';

export interface ResendJob {
  readonly webhook: string;
  readonly range: ResendRange;
  /** Of the dry run: how many, and where their first page is. */
  readonly count: number;
  readonly cursor: string;
}

export interface ResendRun {
  readonly job: ResendJob;
  readonly phase: ResendPhase;
  readonly tally: Tally;
  /** Why it broke off; null: it did not. */
  readonly error: unknown;
  /** Of the next page; null: there is none. */
  readonly cursor: string | null;
}

export interface Resending {
  /** Null: none was begun. */
  readonly run: ResendRun | null;
  start(job: ResendJob): void;
  /** Asks for no further page. */
  stop(): void;
  /** With the rest of one that was stopped or broke off. */
  goOn(): void;
}

// So few that a stop does not wait for long.
const perPage = 25;

export function useResending(): Resending {
  const [run, setRun] = useState<ResendRun | null>(null);
  const leaving = useRef(new AbortController());
  // Whoever leaves the page stops it.
  useEffect(() => () => leaving.current.abort(), []);
  const follow = async (begun: ResendRun): Promise<void> => {
    const control = new AbortController();
    leaving.current = control;
    let now = begun;
    const show = (changed: Partial<ResendRun>): void => {
      now = { ...now, ...changed };
      setRun(control.signal.aborted && now.phase === 'running' ? { ...now, phase: 'stopping' } : now);
    };
    show({ phase: 'running', error: null });
    try {
      while (now.cursor !== null && !control.signal.aborted) {
        const { data, nextCursor } = await sendPage(now.job, now.cursor);
        show({ tally: addResent(now.tally, data), cursor: nextCursor });
      }
      show({ phase: now.cursor === null ? 'done' : 'stopped' });
    } catch (error) {
      show({ phase: 'failed', error });
    }
    await staleDeliveries();
  };
  return {
    run,
    start: (job) =>
      void follow({ job, phase: 'running', tally: emptyTally, error: null, cursor: job.cursor }),
    stop: () => {
      leaving.current.abort();
      setRun((now) => (now?.phase === 'running' ? { ...now, phase: 'stopping' } : now));
    },
    goOn: () => {
      if (run !== null && !isUnderWay(run)) void follow(run);
    },
  };
}

export function isUnderWay(run: ResendRun | null): boolean {
  return run?.phase === 'running' || run?.phase === 'stopping';
}

async function sendPage({ webhook, range }: ResendJob, cursor: string) {
  return await answerOf(
    api.POST('/v1/webhooks/{id}/resend', {
      params: { path: { id: webhook }, query: { limit: perPage, cursor } },
      body: range,
    }),
  );
}
