// What came of a delivery, as words with a colour.
import { failureOfDelivery, mayBeUnderWay, type Ended } from '../words/failures.ts';
import { useNow } from './now.ts';

export function OutcomeMark({ delivery }: { readonly delivery: Ended }) {
  const now = useNow();
  const failure = failureOfDelivery(delivery, now);
  if (failure === null)
    return <span className="mark good">{`Delivered ${delivery.status ?? ''}`.trim()}</span>;
  return (
    <span className={mayBeUnderWay(delivery, now) ? 'mark warn' : 'mark bad'} title={failure.what}>
      {failure.kind}
    </span>
  );
}
