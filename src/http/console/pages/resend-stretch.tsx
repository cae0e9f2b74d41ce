// Which stretch of time, and which outcomes of it, are to be sent again.
import type { Outcome } from '../api/queries.ts';
import type { ResendRange } from '../api/types.ts';
import { FullTime } from '../parts/moment.tsx';
import { useNow } from '../parts/now.ts';
import { inputTime, momentOf } from '../words/times.ts';
import { useZone } from '../zone.ts';

export interface Stretch {
  /** In the zone of the page, as the field has it: `2026-11-21T09:12`; empty: none, or not all of it yet. */
  readonly since: string;
  readonly outcomes: readonly Failed[];
}

type Failed = Exclude<Outcome, 'delivered'>;

const choices: readonly (readonly [Failed, string])[] = [
  ['rejected', 'rejected: another answer than 2xx'],
  ['failed', 'failed: no answer'],
  ['interrupted', 'interrupted: not known'],
  ['dropped', 'dropped: never sent'],
];

/** Null: it says too little. */
export function rangeOf({ since, outcomes }: Stretch, zone?: string): ResendRange | null {
  const at = momentOf(since, zone);
  if (at === null || outcomes.length === 0) return null;
  return { since: at.toISOString(), outcomes: [...outcomes] };
}

export interface ResendStretchProps {
  readonly stretch: Stretch;
  readonly onChange: (stretch: Stretch) => void;
}

export function ResendStretch({ stretch, onChange }: ResendStretchProps) {
  const { since, outcomes } = stretch;
  const [now, zone] = [useNow(), useZone()];
  const at = momentOf(since, zone);
  const toggle = (outcome: Failed, isWanted: boolean): void =>
    onChange({
      ...stretch,
      outcomes: choices
        .map(([each]) => each)
        .filter((each) => (each === outcome ? isWanted : outcomes.includes(each))),
    });
  return (
    <>
      <div className="field">
        <label htmlFor="since">What ended since ({zone ?? 'local time'})</label>
        <input
          id="since"
          type="datetime-local"
          value={since}
          max={inputTime(now, zone)}
          aria-invalid={since === '' || undefined}
          aria-describedby="since-moment since-problem"
          onChange={({ target }) => onChange({ ...stretch, since: target.value })}
        />
        <span id="since-moment">{at !== null && <FullTime at={at.toISOString()} />}</span>
        <span id="since-problem" className="problem">
          {since === '' && 'Give a day and a time.'}
        </span>
      </div>
      <fieldset aria-describedby="outcomes-problem">
        <legend>What came of it</legend>
        {choices.map(([outcome, label]) => (
          <label key={outcome} className="check">
            <input
              type="checkbox"
              checked={outcomes.includes(outcome)}
              onChange={({ target }) => toggle(outcome, target.checked)}
            />
            {label}
          </label>
        ))}
        <span id="outcomes-problem" className="problem">
          {outcomes.length === 0 && 'Choose one at least.'}
        </span>
      </fieldset>
    </>
  );
}
