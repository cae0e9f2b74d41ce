// How long each phase of a POST took, as bars on one scale and as numbers.
import { duration } from '../words/times.ts';

export interface TimingsProps {
  readonly of: {
    readonly dnsMs: number | null;
    readonly connectMs: number | null;
    readonly tlsMs: number | null;
    readonly firstByteMs: number | null;
    readonly totalMs: number | null;
  };
}

const phases = [
  ['dnsMs', 'Name lookup'],
  ['connectMs', 'Connect'],
  ['tlsMs', 'TLS'],
  ['firstByteMs', 'First byte of the answer'],
  ['totalMs', 'In all'],
] as const;

export function Timings({ of: times }: TimingsProps) {
  const total = Math.max(times.totalMs ?? 0, 0.001);
  const known = phases.flatMap(([name, label]) => {
    const ms = times[name];
    return ms === null ? [] : [{ label, ms }];
  });
  if (known.length === 0) return <p className="quiet">Nothing was sent, so nothing was measured.</p>;
  return (
    <>
      <dl className="timings">
        {known.map(({ label, ms }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <meter min={0} max={total} value={ms} aria-label={`${label}: ${duration(ms)}`} />
              {duration(ms)}
            </dd>
          </div>
        ))}
      </dl>
      {times.connectMs === null && times.totalMs !== null && (
        <p className="quiet">The connection was open already.</p>
      )}
    </>
  );
}
