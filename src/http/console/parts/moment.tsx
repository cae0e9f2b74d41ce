// A moment: how long ago or the local time, with the other and UTC to be had by pointing at it; or all of it, where there is room.
import { ago, localTime, utcTime } from '../words/times.ts';
import { useNow } from './now.ts';

export function Ago({ at }: { readonly at: string }) {
  const now = useNow();
  const time = new Date(at);
  return (
    <time dateTime={at} title={`${localTime(time, now)} local, ${utcTime(time)}`}>
      {ago(time, now)}
    </time>
  );
}

export function LocalTime({ at }: { readonly at: string }) {
  const now = useNow();
  const time = new Date(at);
  return (
    <time dateTime={at} title={`${ago(time, now)}, ${utcTime(time)}`}>
      {localTime(time, now)}
    </time>
  );
}

export function FullTime({ at }: { readonly at: string }) {
  const now = useNow();
  const time = new Date(at);
  return (
    <time dateTime={at}>
      {localTime(time, now)} <span className="quiet">local · {utcTime(time)}</span>
    </time>
  );
}
