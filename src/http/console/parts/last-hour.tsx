// The last hour of a webhook as sixty small bars: delivered upwards, failed in another colour on top. Drawn as two paths, for there may be a
// thousand of them on a page.
import { memo } from 'react';
import { amount, counted } from '../words/amounts.ts';

interface Activity {
  readonly lastHour: { readonly delivered: readonly number[]; readonly failed: readonly number[] };
}

const [width, height] = [120, 24];

export const LastHour = memo(({ activity }: { readonly activity: Activity | null }) => {
  if (activity === null) return <span className="quiet">not known here</span>;
  const { delivered, failed } = activity.lastHour;
  const [good, bad] = [sum(delivered), sum(failed)];
  const label = `Last hour: ${amount(good)} delivered, ${amount(bad)} failed`;
  if (good + bad === 0) return <span className="quiet">nothing</span>;
  const most = Math.max(...delivered.map((count, at) => count + (failed[at] ?? 0)));
  return (
    <svg
      className="last-hour"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      <path className="good" d={bars(delivered, () => 0, most)} />
      <path className="bad" d={bars(failed, (at) => delivered[at] ?? 0, most)} />
    </svg>
  );
});

export function LastHourInWords({ activity }: { readonly activity: Activity | null }) {
  if (activity === null)
    return <p className="quiet">This process does not lead, so it has not counted the last hour.</p>;
  const { delivered, failed } = activity.lastHour;
  const [good, bad] = [sum(delivered), sum(failed)];
  if (good + bad === 0) return <p className="quiet">Nothing was sent in the last hour.</p>;
  return (
    <p>
      {counted(good, 'delivery', 'deliveries')} arrived and {counted(bad, 'delivery', 'deliveries')} failed in
      the last hour.
    </p>
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

// A minute with anything at all can be seen.
function bars(counts: readonly number[], below: (at: number) => number, most: number): string {
  const step = width / counts.length;
  const scale = (count: number): number => (count / most) * height;
  return counts
    .map((count, at) => {
      if (count === 0) return '';
      const barHeight = Math.max(1.5, scale(count));
      const y = Math.max(0, height - scale(below(at)) - barHeight);
      return `M${round(at * step)} ${round(y)}h${round(step * 0.75)}v${round(barHeight)}h-${round(step * 0.75)}z`;
    })
    .join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
