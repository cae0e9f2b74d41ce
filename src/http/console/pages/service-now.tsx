// How the service does: lag, rates and the log that Postgres keeps for it against its limit, who leads, and the last hour as charts.
import { useStatus, useVitals } from '../api/queries.ts';
import type { Status, Vitals } from '../api/types.ts';
import { Chart } from '../parts/chart.tsx';
import { ClockTime } from '../parts/moment.tsx';
import { QueryNote } from '../parts/note.tsx';
import { amount, rate, size } from '../words/amounts.ts';
import { duration } from '../words/times.ts';

export function ServiceNow() {
  const vitals = useVitals(true);
  return (
    <section aria-labelledby="service">
      <h2 id="service">The service</h2>
      <QueryNote query={vitals} />
      {vitals.data !== undefined && (
        <>
          <Figures vitals={vitals.data} />
          <Leader isLeading={vitals.data.isLeading} />
        </>
      )}
    </section>
  );
}

/** Lag and deliveries over the last hour. */
export function ServiceHour() {
  const vitals = useVitals(true);
  if (vitals.data?.isLeading !== true) return null;
  return (
    <section aria-labelledby="service-hour">
      <h2 id="service-hour">The last hour</h2>
      <Charts samples={vitals.data.samples} />
    </section>
  );
}

function Leader({ isLeading }: { readonly isLeading: boolean }) {
  const status = useStatus(true).data;
  return (
    <p className="quiet">
      {isLeading
        ? 'Rates are of the last ten seconds.'
        : 'This process is a standby: it knows no lag and no rates.'}{' '}
      {status !== undefined && <Who leader={status.leader} />}
    </p>
  );
}

function Who({ leader }: { readonly leader: Status['leader'] }) {
  if (leader === null) return 'Nobody leads at this moment.';
  const { pid, host, since } = leader;
  return (
    <>
      Process {pid ?? 'unknown'} on {host ?? 'an unknown host'} leads
      {since !== null && (
        <>
          , since <ClockTime at={since} />
        </>
      )}
      .
    </>
  );
}

function Figures({ vitals }: { readonly vitals: Vitals }) {
  const last = vitals.samples.at(-1);
  const waiting = vitals.waiting + vitals.backlogDeliveries;
  const own: readonly (readonly [string, string])[] = [
    ['Lag', vitals.lagMs === null ? 'not known' : duration(vitals.lagMs)],
    ['Changes read', last === undefined ? '…' : rate(last.changesPerSecond)],
    ['Delivered', last === undefined ? '…' : rate(last.deliveredPerSecond)],
    ['Failed', last === undefined ? '…' : rate(last.failedPerSecond)],
    ['In flight', amount(vitals.inFlight)],
    ['Waiting', `${amount(waiting)}${vitals.backlogBytes > 0 ? ` (${size(vitals.backlogBytes)})` : ''}`],
    ['Slow endpoints', amount(vitals.slowEndpoints)],
  ];
  // A standby knows nothing of these: no number is better than a nought.
  const figures = [...(vitals.isLeading ? own : []), ['WAL kept', retained(vitals.slot)] as const];
  return (
    <dl className="facts card">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function retained(slot: Vitals['slot']): string {
  if (slot === null) return 'no slot, or no answer';
  const { retainedBytes, safeWalBytes } = slot;
  if (retainedBytes === null) return 'not known';
  if (safeWalBytes === null) return `${size(retainedBytes)}, no limit`;
  return `${size(retainedBytes)} of ${size(retainedBytes + Math.max(0, safeWalBytes))}`;
}

function Charts({ samples }: { readonly samples: Vitals['samples'] }) {
  if (samples.length < 2)
    return <p className="quiet">The charts begin twenty seconds after the service has started.</p>;
  const at = samples.map((sample) => Date.parse(sample.at) / 1000);
  return (
    <div className="charts">
      <figure>
        <figcaption>
          Deliveries per second, <span className="key accent">delivered</span> and{' '}
          <span className="key bad">failed</span>
        </figcaption>
        <Chart
          title="Deliveries per second over the last hour"
          at={at}
          format={rate}
          lines={[
            { name: 'delivered', color: '--accent', values: samples.map((each) => each.deliveredPerSecond) },
            { name: 'failed', color: '--bad', values: samples.map((each) => each.failedPerSecond) },
          ]}
        />
      </figure>
      <figure>
        <figcaption>Lag: how old a change is when it is read</figcaption>
        <Chart
          title="Lag over the last hour"
          at={at}
          format={duration}
          lines={[{ name: 'lag', color: '--accent', values: samples.map(({ lagMs }) => lagMs) }]}
        />
      </figure>
    </div>
  );
}
