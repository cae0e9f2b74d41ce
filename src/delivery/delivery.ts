// One payload for one webhook, on its way from the log to a socket.
import type { Position } from '../position.ts';
import type { UnsettledChange } from '../replication/floor.ts';
import type { Webhook } from '../webhooks/webhook.ts';

/** The JSON text, built once per change and view and shared by all its webhooks; a large one as the bytes that they all send. */
export interface Payload {
  readonly body: string | Buffer;
  readonly bytes: number;
}

/** Who it goes to: what of a webhook never changes, and its name for people. */
export type DeliveryWebhook = Pick<Webhook, 'uid' | 'id' | 'companyId' | 'name'>;

export interface Delivery {
  readonly webhook: DeliveryWebhook;
  readonly position: Position;
  /** What is settled once this is claimed, stored or dropped; null: it is, for its row is in the backlog. */
  readonly change: UnsettledChange | null;
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
  readonly table: string;
  readonly companyId: string | null;
  readonly payload: Payload;
  /**
   * The records it touches: one, or two when the key changed. Deliveries that share one never overtake each other; `all` shares one
   * with every other delivery of its webhook.
   */
  readonly keys: readonly string[] | 'all';
  /** From the log, or from it into the backlog. */
  readonly readAtMs: number;
}
