// What came of a delivery, as words with a colour.
import { failureOfDelivery } from '../words/failures.ts';

export interface Ended {
  readonly outcome: string;
  readonly class: string | null;
  readonly status: number | null;
}

export function OutcomeMark({ delivery }: { readonly delivery: Ended }) {
  const failure = failureOfDelivery(delivery);
  if (failure === null)
    return <span className="mark good">{`Delivered ${delivery.status ?? ''}`.trim()}</span>;
  return (
    <span className="mark bad" title={failure.what}>
      {failure.kind}
    </span>
  );
}
