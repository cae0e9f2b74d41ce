// The tables by the application's modules, as the form and the page of the tables list them.
import type { Table } from '../api/types.ts';

/** In the order in which each module comes first. */
export function byModule(tables: readonly Table[]): readonly (readonly [string, readonly Table[]])[] {
  const modules = new Map<string, Table[]>();
  for (const table of tables) {
    const module = table.module ?? 'Other tables';
    modules.set(module, [...(modules.get(module) ?? []), table]);
  }
  return [...modules];
}
