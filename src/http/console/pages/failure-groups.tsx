// The failures of the last hour by kind, each with what to do about it: what was tried from the delivery log, and what a crash interrupted
// from the ledger, for the log has nothing of that. What somebody had sent again is no failure of the hour: the counts leave it out, too.
import { useMemo } from 'react';
import { hrefOf } from '../words/places.ts';
import { hasMore, useDeliveries, useLosses } from '../api/queries.ts';
import type { Delivery, Loss } from '../api/types.ts';
import { ClockTime } from '../parts/moment.tsx';
import { useNow } from '../parts/now.ts';
import { amount } from '../words/amounts.ts';
import { failureOf, failureOfDelivery, happened, type Failure } from '../words/failures.ts';

const newest = 200;
const hourMs = 3_600_000;
const minuteMs = 60_000;

interface Group {
  readonly failure: Failure;
  readonly count: number;
  readonly lastAt: string;
  /** Null: the log does not have it. */
  readonly lastId: string | null;
  /** Where else they stand; null: each of them is in the log. */
  readonly ledger: string | null;
}

export function FailureGroups({ id }: { readonly id: string }) {
  const now = useNow();
  // The same question for a minute, so that its answer can be kept.
  const minute = Math.floor(now.getTime() / minuteMs);
  const since = useMemo(() => new Date(minute * minuteMs - hourMs).toISOString(), [minute]);
  const rejected = useDeliveries(id, { outcome: 'rejected', since, limit: newest }).data;
  const failed = useDeliveries(id, { outcome: 'failed', since, limit: newest }).data;
  const interrupted = useLosses({ webhook: id, reason: 'interrupted', since, limit: newest }).data;
  const groups = [
    ...groupsOf([...(rejected?.data ?? []), ...(failed?.data ?? [])], now),
    ...interruptedOf(interrupted?.data ?? []),
  ].sort((a, b) => b.count - a.count);
  if (groups.length === 0) return null;
  const isCut = hasMore(rejected) || hasMore(failed);
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">Failures of the last hour</h2>
      <ul className="problems">
        {groups.map((group) => (
          <FailureCard key={group.failure.kind} group={group} />
        ))}
      </ul>
      {isCut && <p className="quiet">Counted among the newest {newest} of each outcome.</p>}
    </section>
  );
}

function FailureCard({ group: { failure, count, lastAt, lastId, ledger } }: { readonly group: Group }) {
  const last = (
    <>
      the last at <ClockTime at={lastAt} />
    </>
  );
  return (
    <li className="bad">
      <div className="title">
        <strong>
          {amount(count)} × {failure.kind}
        </strong>
        {lastId === null ? <span>{last}</span> : <a href={hrefOf(['deliveries', lastId])}>{last}</a>}
      </div>
      <p>{happened(failure)}.</p>
      <p className="advice">{failure.advice}</p>
      {ledger !== null && <p className="quiet">{ledger}</p>}
    </li>
  );
}

// Newest first.
function groupsOf(deliveries: readonly Delivery[], now: Date): Group[] {
  const groups = new Map<string, Group>();
  for (const delivery of deliveries) {
    const failure = failureOfDelivery(delivery, now);
    if (failure === null || delivery.resendOf !== null) continue;
    const known = groups.get(failure.kind);
    const group = known ?? { failure, count: 0, lastAt: delivery.at, lastId: delivery.id, ledger: null };
    groups.set(failure.kind, { ...group, count: group.count + 1 });
  }
  return [...groups.values()];
}

// One card, whatever it was that ended: the ledger has a row for each time.
function interruptedOf(losses: readonly Loss[]): Group[] {
  const [last] = losses;
  if (last === undefined) return [];
  const count = losses.reduce((sum, loss) => sum + (loss.count ?? 0), 0);
  return [
    { failure: failureOf('interrupted'), count, lastAt: last.at, lastId: null, ledger: ledgerOf(losses) },
  ];
}

function ledgerOf(losses: readonly Loss[]): string {
  const rows = losses.map(({ id, fromPosition, toPosition }) => {
    const range = fromPosition === null ? '' : ` (from change ${fromPosition} to ${toPosition ?? ''})`;
    return `${id}${range}`;
  });
  return `In the ledger below as ${rows.length === 1 ? 'loss' : 'losses'} ${rows.join(', ')}.`;
}
