// A row that moves to another partition stands in the log as a DELETE and an INSERT of one transaction, with different keys, because every key of
// a partitioned table holds the columns it is partitioned by. To a receiver it is one record all the same, so the INSERT holds
// the key of the DELETE before it, too. Where it was another row, it waits without need.
import type { Delivery } from './delivery.ts';

export interface ChangeOfPartition {
  /** The same object for all changes of a transaction. */
  readonly transaction: object;
  readonly relationOid: number;
  readonly operation: 'INSERT' | 'UPDATE' | 'DELETE';
}

interface Left {
  readonly transaction: object;
  readonly relationOid: number;
  readonly keys: Delivery['keys'];
}

export class MovedRows {
  #left: Left | null = null;

  /** What a change holds in order, given what its own rows hold. Of tables with partitions only, in the order of the log. */
  keys({ transaction, relationOid, operation }: ChangeOfPartition, keys: Delivery['keys']): Delivery['keys'] {
    if (operation === 'DELETE') this.#left = { transaction, relationOid, keys };
    if (operation !== 'INSERT') return keys;
    const left = this.#left;
    this.#left = null;
    if (left?.transaction !== transaction || left.relationOid !== relationOid) return keys;
    return keys === 'all' || left.keys === 'all' ? 'all' : [...new Set([...left.keys, ...keys])];
  }
}
