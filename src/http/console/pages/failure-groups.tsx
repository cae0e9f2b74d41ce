// The failures of the last hour by kind, each with what to do about it.
import { useMemo } from 'react';
import { hrefOf } from '../words/places.ts';
import { hasMore, useDeliveries } from '../api/queries.ts';
import type { Delivery } from '../api/types.ts';
import { LocalTime } from '../parts/moment.tsx';
import { useNow } from '../parts/now.ts';
import { amount } from '../words/amounts.ts';
import { failureOfDelivery, type Failure } from '../words/failures.ts';

const newest = 200;
const hourMs = 3_600_000;
const minuteMs = 60_000;

interface Group {
  readonly failure: Failure;
  readonly deliveries: readonly Delivery[];
}

export function FailureGroups({ id }: { readonly id: string }) {
  // The same question for a minute, so that its answer can be kept.
  const minute = Math.floor(useNow().getTime() / minuteMs);
  const since = useMemo(() => new Date(minute * minuteMs - hourMs).toISOString(), [minute]);
  const rejected = useDeliveries(id, { outcome: 'rejected', since, limit: newest }).data;
  const failed = useDeliveries(id, { outcome: 'failed', since, limit: newest }).data;
  const groups = groupsOf([...(rejected?.data ?? []), ...(failed?.data ?? [])]);
  if (groups.length === 0) return null;
  const isCut = hasMore(rejected) || hasMore(failed);
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">Failures of the last hour</h2>
      <ul className="problems">
        {groups.map(({ failure, deliveries }) => (
          <li key={failure.kind} className="bad">
            <div className="title">
              <strong>
                {amount(deliveries.length)} × {failure.kind}
              </strong>
              <Last delivery={deliveries[0]} />
            </div>
            <p>{capital(failure.what)}.</p>
            <p className="advice">{failure.advice}</p>
          </li>
        ))}
      </ul>
      {isCut && <p className="quiet">Counted among the newest {newest} of each outcome.</p>}
    </section>
  );
}

function Last({ delivery }: { readonly delivery: Delivery | undefined }) {
  if (delivery === undefined) return null;
  return (
    <a href={hrefOf(['deliveries', delivery.id])}>
      the last at <LocalTime at={delivery.at} />
    </a>
  );
}

function groupsOf(deliveries: readonly Delivery[]): Group[] {
  const groups = new Map<string, { failure: Failure; deliveries: Delivery[] }>();
  for (const delivery of deliveries) {
    const failure = failureOfDelivery(delivery);
    if (failure === null) continue;
    const known = groups.get(failure.kind);
    if (known === undefined) groups.set(failure.kind, { failure, deliveries: [delivery] });
    else known.deliveries.push(delivery);
  }
  return [...groups.values()].sort((a, b) => b.deliveries.length - a.deliveries.length);
}

function capital(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`;
}
