// The whole ledger, of every webhook that the token sees.
import { LossList } from './loss-list.tsx';

export function LossesPage() {
  return (
    <>
      <h1>Losses</h1>
      <p>
        What was never delivered, or may not have been, and why. Nothing here is sent again by itself. What
        the delivery log has of a row can be: one by one from the webhook’s deliveries, or all of it with{' '}
        <code>rowhook resend --loss</code> and the row’s id.
      </p>
      <LossList webhook={null} />
    </>
  );
}
