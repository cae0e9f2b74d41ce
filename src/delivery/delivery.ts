// One payload for one webhook, on its way from the log to a socket.
import type { Position } from '../position.ts';
import type { UnsettledChange } from '../replication/floor.ts';
import type { Webhook } from '../webhooks/webhook.ts';

/** The JSON text, built once per change and view and shared by all its webhooks; a large one as the bytes that they all send. */
export interface Payload {
  readonly body: string | Buffer;
  readonly bytes: number;
}

export interface Delivery {
  /** The version that it was matched with. */
  readonly webhook: Webhook;
  readonly position: Position;
  /** What is settled once this is claimed, dropped or missed. */
  readonly change: UnsettledChange;
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE' | 'TRUNCATE';
  readonly table: string;
  readonly companyId: string | null;
  readonly payload: Payload;
  /**
   * The records it touches: one, or two when the key changed. Deliveries that share one never overtake each other; `all` shares one
   * with every other delivery of its webhook.
   */
  readonly keys: readonly string[] | 'all';
  readonly readAtMs: number;
}
