// How far sending many again is, and what came of it: those that arrived, and failures by kind with what to do.
import { isUnderWay, type ResendRun } from '../api/resend-run.ts';
import { exact } from '../words/amounts.ts';
import { resendInWords } from '../words/resends.ts';

export function ResendProgress({ run }: { readonly run: ResendRun }) {
  const { phase, job, tally } = run;
  const value = phase === 'done' ? job.count : tally.ended;
  return (
    <>
      <progress max={job.count} value={value} aria-label="Sent so far" />
      <ResendNote run={run} of="" />
    </>
  );
}

/** `of`: what the sentence begins with. */
export function ResendNote({ run, of }: { readonly run: ResendRun; readonly of: string }) {
  const { phase, job, tally, error } = run;
  return (
    <div className={`note ${colourOf(run)}`}>
      <p role="status">
        {of}
        {resendInWords(phase, tally, job.count)}
      </p>
      {phase === 'failed' && (
        <p role="alert">
          {error instanceof Error ? error.message : 'The console failed: reload the page.'} What was out by
          then stands in the delivery log; sending the rest sends nothing again that arrived, or may have.
        </p>
      )}
      {tally.failures.length > 0 && (
        <ul className="resent">
          {tally.failures.map(({ kind, count, advice }) => (
            <li key={`${kind} ${advice}`}>
              <strong>
                {exact(count)} × {kind}
              </strong>
              : {advice}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function colourOf(run: ResendRun): string {
  if (run.phase === 'failed' || run.tally.failures.length > 0) return 'bad';
  if (isUnderWay(run)) return '';
  return run.phase === 'done' ? 'good' : 'warn';
}
