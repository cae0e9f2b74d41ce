// Deliveries and webhooks as plain values, for tests of decisions that need no database.
import type { Delivery } from '../../src/delivery/delivery.ts';
import { wholeTransaction } from '../../src/position.ts';
import { Floor } from '../../src/replication/floor.ts';
import type { Webhook } from '../../src/webhooks/webhook.ts';

export function webhookOf(change: Partial<Webhook> = {}): Webhook {
  return {
    uid: 1n,
    revision: 1n,
    id: 'wh_1',
    companyId: 'acme',
    isForAllCompanies: false,
    name: 'orders',
    tableName: 'salesOrder',
    url: 'https://example.com/hook',
    onInsert: true,
    onUpdate: true,
    onDelete: true,
    onTruncate: false,
    isActive: true,
    sending: { breaker: null, concurrency: null },
    ...change,
  };
}

export interface DeliveryValues {
  readonly uid?: bigint;
  readonly index: number;
  readonly keys: readonly string[] | 'all';
  readonly bytes?: number;
  /** Of the webhook. */
  readonly company?: string | null;
}

export function deliveryOf({
  uid = 1n,
  index,
  keys,
  bytes = 10,
  company = 'acme',
}: DeliveryValues): Delivery {
  const floor = new Floor({ commitLsn: 1n, index: wholeTransaction });
  floor.begin(2n);
  return {
    webhook: webhookOf({ uid, companyId: company }),
    position: { epoch: 1, commitLsn: 2n, index, part: 0 },
    change: floor.add(index, 1),
    type: 'INSERT',
    table: 'salesOrder',
    companyId: 'acme',
    payload: { body: '{}', bytes },
    keys,
    readAtMs: 0,
  };
}
