// What an earlier process settled above the floor: in its journal and in the backlog, asked while the log is sent again. Each change is asked for once,
// so it empties as that happens.
import type { JournalEntry } from './journal-body.ts';
import type { Position } from '../position.ts';

export class SettledBefore {
  readonly #keys = new Set<string>();

  constructor(before: readonly { readonly entries: readonly Pick<JournalEntry, 'uid' | 'position'>[] }[]) {
    for (const { entries } of before) {
      for (const { uid, position } of entries) this.#keys.add(keyOf(uid, position));
    }
  }

  /** Whether it was settled; answered with yes once only. */
  take(uid: bigint, position: Position): boolean {
    return this.#keys.size > 0 && this.#keys.delete(keyOf(uid, position));
  }
}

function keyOf(uid: bigint, { epoch, commitLsn, index, part }: Position): string {
  return `${uid} ${epoch} ${commitLsn} ${index} ${part}`;
}
