// What a question says when the webhook that it is asked of was changed meanwhile: that nothing was done, and what it is now.
import type { Webhook } from '../api/types.ts';
import { hostOf } from '../words/attention.ts';
import { isolated } from '../words/isolate.ts';
import { triggersOf } from '../words/triggers.ts';

export interface ChangedNoteProps {
  readonly webhook: Webhook;
  /** `so it was not deleted`. */
  readonly undone: string;
  /** `Delete it all the same, or cancel and look at it.` */
  readonly advice: string;
}

export function ChangedNote({ webhook, undone, advice }: ChangedNoteProps) {
  const { name, table, url, active, pauseReason } = webhook;
  const paused = pauseReason === null ? 'paused' : `paused: ${isolated(pauseReason)}`;
  return (
    <div className="note bad" role="alert">
      <p>It was changed after you asked, {undone}. It is now:</p>
      <p>
        “{isolated(name)}”, {active ? 'active' : paused}, {isolated(table)} · {triggersOf(webhook)} ·{' '}
        {hostOf(url)}
      </p>
      <p>{advice}</p>
    </div>
  );
}
