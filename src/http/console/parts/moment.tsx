// A moment: how long ago or the time of the clock, with the others to be had by pointing at it; or all of it, where there is room. The bar has
// the switch between the reader's own zone and UTC, for those who cannot point.
import { ago, clockTime, utcTime } from '../words/times.ts';
import { useZone } from '../zone.ts';
import { useNow } from './now.ts';

export function Ago({ at }: { readonly at: string }) {
  const now = useNow();
  const time = new Date(at);
  return (
    <time dateTime={at} title={`${clockTime(time, now)} local, ${utcTime(time)}`}>
      {ago(time, now)}
    </time>
  );
}

export function ClockTime({ at }: { readonly at: string }) {
  const [now, zone] = [useNow(), useZone()];
  const time = new Date(at);
  const other = zone === undefined ? utcTime(time) : `${clockTime(time, now)} local`;
  return (
    <time dateTime={at} title={`${ago(time, now)}, ${other}`}>
      {clockTime(time, now, zone)}
    </time>
  );
}

export function FullTime({ at }: { readonly at: string }) {
  const now = useNow();
  const time = new Date(at);
  return (
    <time dateTime={at} className="full">
      {clockTime(time, now)} <span className="quiet">local · {utcTime(time)}</span>
    </time>
  );
}
