// Whether the server in front of us continues the log that the books were written from. Pure. Invariant: only a promotion does, of
// a server that has the whole log up to where the books end; a sibling, a restore to an earlier point and a copy do not.
import { ExitError } from '../exit-error.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import type { State } from './state.ts';

/** One line of a timeline's history, as TIMELINE_HISTORY has it. */
export interface TimelineEnd {
  readonly timeline: number;
  /** The first LSN that is not of it. */
  readonly leftAt: Lsn;
  readonly why: string;
}

export interface TimelineStart {
  readonly timeline: number;
  readonly fromLsn: Lsn;
}

/** The timelines since the one of the books, oldest first; empty when it still is the same. Throws an ExitError (3). */
export function timelinesSince(
  state: Pick<State, 'timeline' | 'floor'>,
  server: { readonly timeline: number; readonly history: readonly TimelineEnd[] },
): TimelineStart[] {
  if (state.timeline === server.timeline) return [];
  const first = server.history.findIndex(({ timeline }) => timeline === state.timeline);
  const ends = first === -1 ? [] : server.history.slice(first);
  const leftAt = ends[0]?.leftAt ?? 0n;
  if (state.floor.commitLsn >= leftAt) throw otherLine(state, server.timeline, leftAt);
  const stopped = ends.find(({ why }) => why !== promotion);
  if (stopped !== undefined) throw restored(server.timeline, stopped);
  return ends.map((end, i) => ({
    timeline: ends[i + 1]?.timeline ?? server.timeline,
    fromLsn: end.leftAt,
  }));
}

/** What Postgres writes when a server follows to the end and is then promoted (getRecoveryStopReason); it is never translated. */
const promotion = 'no recovery target specified';

function otherLine(
  { timeline, floor }: Pick<State, 'timeline' | 'floor'>,
  now: number,
  leftAt: Lsn,
): ExitError {
  const where =
    leftAt === 0n
      ? `timeline ${now} does not come from timeline ${timeline}`
      : `timeline ${timeline} was left at ${formatLsn(leftAt)}, before ${formatLsn(floor.commitLsn)}, where the books end`;
  return new ExitError(
    `This server's log is not the one that rowhook's bookkeeping was written from: ${where}.`,
    {
      exitCode: 3,
      remedy: acceptRemedy,
    },
  );
}

function restored(now: number, { leftAt, why }: TimelineEnd): ExitError {
  return new ExitError(
    `This database was restored to a point in time (timeline ${now}, from ${formatLsn(leftAt)}: ${why}). ` +
      `Nothing was sent: a restored database must not send the original's webhooks.`,
    { exitCode: 3, remedy: acceptRemedy },
  );
}

const acceptRemedy =
  'If DATABASE_URL is wrong, correct it. If this place is to send from now on, accept that what was committed meanwhile is not ' +
  'sent: rowhook slot recreate --accept-gap';
