// The last hour of a webhook as sixty small bars: delivered upwards, failed in another colour on top. Drawn as two paths, for there may be a
// thousand of them on a page.
import { memo } from 'react';
import { amount } from '../words/amounts.ts';
import { total, type SentHour } from '../words/last-hour.ts';
import { clockTime } from '../words/times.ts';
import { useZone } from '../zone.ts';

const [width, height] = [120, 24];

export const LastHour = memo(({ activity }: { readonly activity: SentHour | null }) => {
  const zone = useZone();
  if (activity === null) return <span className="quiet">not known here</span>;
  const { delivered, failed } = activity.lastHour;
  const [good, bad] = [total(delivered), total(failed)];
  const since = sinceOf(activity, zone);
  const label = `${since === null ? 'Last hour' : `Since ${since}`}: ${amount(good)} delivered, ${amount(bad)} failed`;
  if (good + bad === 0) return <span className="quiet">nothing{since !== null && ` since ${since}`}</span>;
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

// Less than an hour ago: that needs no day.
function sinceOf({ since }: SentHour, zone: string | undefined): string | null {
  return since === null ? null : clockTime(new Date(since), new Date(since), zone);
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
