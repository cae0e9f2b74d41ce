// A slot of our name that is not ours: how it is called, and what to do. Invariant: it is left alone.
import { ExitError } from '../exit-error.ts';

export interface ForeignSlot {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly pid: number | null;
}

export function foreignSlot(slot: string, { database, plugin, pid }: ForeignSlot): string {
  const kind = database === null ? 'it is a physical one' : `it belongs to database "${database}"`;
  return (
    `A replication slot named "${slot}" exists already and is not this installation's: ${kind}, ` +
    `plugin ${plugin ?? 'none'}${pid === null ? '' : `, used by pid ${pid}`}.`
  );
}

/** Where a start was made before: ours was dropped, and another took its name. */
export function slotTaken(slot: string, existing: ForeignSlot): ExitError {
  return new ExitError(foreignSlot(slot, existing), {
    exitCode: 3,
    remedy:
      `The slot that was read here is gone. To accept that what was committed meanwhile is not sent, and go on with a slot ` +
      `of another name: ROWHOOK_SLOT=${slot}_2 rowhook slot recreate --accept-gap, and the same ROWHOOK_SLOT for the service.`,
  });
}
