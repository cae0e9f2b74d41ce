// The whole ledger, of every webhook that the token sees.
import { LossList } from './loss-list.tsx';

export function LossesPage() {
  return (
    <>
      <h1>Losses</h1>
      <p>
        What was never delivered, or may not have been, and why. Nothing here is sent again by itself: open
        the webhook, then the delivery, to send it again from the log.
      </p>
      <LossList webhook={null} />
    </>
  );
}
