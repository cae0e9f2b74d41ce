// What came of a test: the request and the answer, where it was asked for.
import type { TestResult } from '../api/types.ts';
import { Code } from '../parts/copy.tsx';
import { hostOf } from '../words/attention.ts';
import { indented } from '../words/difference.ts';
import { failureOf, happened } from '../words/failures.ts';
import { isolated } from '../words/isolate.ts';
import { duration } from '../words/times.ts';
import { Timings } from './timings.tsx';

const samples: Readonly<Record<TestResult['sample'], string>> = {
  'delivery log': 'The row is one that was sent not long ago.',
  table: 'The row is one of the table.',
  columns: 'The row is made up of the table’s columns: no row could be read.',
};

export interface TestOutcomeProps {
  readonly result: TestResult;
  /** Where it was sent to. */
  readonly url: string;
  /** The form was changed since. */
  readonly isOfBefore?: boolean;
}

export function TestOutcome({ result, url, isOfBefore = false }: TestOutcomeProps) {
  const { isDelivered, outcome, status, totalMs, answer, sentBody, sample } = result;
  const failure = isDelivered ? null : failureOf(outcome);
  return (
    <section className="test" aria-label="Test result">
      <p role="status" className={isDelivered ? 'note good' : 'note bad'}>
        {isDelivered
          ? `Delivered: ${hostOf(url)} answered ${status ?? ''} after ${duration(totalMs)}.`
          : `Not delivered. ${failure === null ? outcome : happened(failure)}, after ${duration(totalMs)}. ${failure?.advice ?? ''}`}
      </p>
      {isOfBefore && <p>This is of the form as it was before you changed it: send another test.</p>}
      {!isDelivered && <p className="quiet">In the service’s words: {isolated(outcome)}</p>}
      <Timings of={result} />
      <div className="pair">
        <div>
          <h3>Sent</h3>
          <p className="quiet">
            {samples[sample]} The header rowhook-delivery says that it is a test; it is counted nowhere.
          </p>
          <Code text={indented(sentBody)} name="What was sent" />
        </div>
        <div>
          <h3>Answered</h3>
          {answer === null ? (
            <p className="quiet">
              {status === null
                ? 'Nothing was answered.'
                : `Status ${status}. What it said is not shown, for the target is not on the public internet.`}
            </p>
          ) : (
            <Code text={answer === '' ? '(empty)' : answer} name="What was answered" />
          )}
        </div>
      </div>
    </section>
  );
}
