// What the old rows of partitions carry. A change of a partition (a leaf) comes under its root: with the root's oid and description,
// and marked as whole or key-only by the root's identity, while what it holds follows the leaf's. Before a leaf's first change on a
// connection, and whenever its description changed, pgoutput sends R(root) and R(leaf), and then that change with the root's oid.
// Invariant: no value counts as carried that its leaf did not carry.
import type { RelationMessage, TupleValues } from './pgoutput.ts';

/** Makes undefined what the log did not carry of an old row; true when anything but the key may be missing. */
export type LeaveCarried = (old: TupleValues) => boolean;

/** What the old rows of some leaves hold, by the root's columns. */
interface Carried {
  readonly isWhole: boolean;
  readonly columns: readonly boolean[];
}

interface Root {
  readonly leaves: Map<number, RelationMessage>;
  /** For the root as it was described last; null when a leaf was told since. */
  ready: { readonly relation: RelationMessage; readonly leave: LeaveCarried } | null;
}

export class LeafIdentities {
  readonly #roots = new Map<number, Root>();
  readonly #rootOf = new Map<number, number>();
  /** The two descriptions that came last, with nothing but descriptions of types between them and after them. */
  #told: readonly [RelationMessage | null, RelationMessage | null] = [null, null];

  /** The server has described a table. */
  described(relation: RelationMessage): void {
    this.#told = [this.#told[1], relation];
  }

  /** A change of this table follows what was described. */
  changed(oid: number): void {
    const [root, leaf] = this.#told;
    if (leaf === null) return;
    this.#told = [null, null];
    if (leaf.oid !== oid && root?.oid === oid) this.#add(oid, leaf);
  }

  /** Something else follows: a TRUNCATE, which describes each of its tables, or the end of a transaction. */
  passed(): void {
    this.#told = [null, null];
  }

  /** undefined for a table without partitions: its own identity counts. */
  of(relation: RelationMessage): LeaveCarried | undefined {
    const root = this.#roots.get(relation.oid);
    if (root === undefined) return undefined;
    if (root.ready?.relation !== relation) {
      root.ready = { relation, leave: compile(relation, [...root.leaves.values()]) };
    }
    return root.ready.leave;
  }

  #add(rootOid: number, leaf: RelationMessage): void {
    const before = this.#rootOf.get(leaf.oid);
    // Detached there and attached here.
    if (before !== undefined && before !== rootOid) this.#forget(before, leaf.oid);
    this.#rootOf.set(leaf.oid, rootOid);
    const root = this.#roots.get(rootOid) ?? { leaves: new Map<number, RelationMessage>(), ready: null };
    root.leaves.set(leaf.oid, leaf);
    root.ready = null;
    this.#roots.set(rootOid, root);
  }

  #forget(rootOid: number, leafOid: number): void {
    const root = this.#roots.get(rootOid);
    if (root === undefined) return;
    root.leaves.delete(leafOid);
    root.ready = null;
    if (root.leaves.size === 0) this.#roots.delete(rootOid);
  }
}

// Which leaf a row comes from the log does not say each time. It can only be one whose identity leaves out nothing but nulls, so what all of
// those carry is certain. A value that is not null was carried in any case.
function compile({ columns }: RelationMessage, leaves: readonly RelationMessage[]): LeaveCarried {
  const kinds = distinct(leaves.map((leaf) => carriedBy(leaf, columns)));
  if (kinds.every(({ isWhole }) => isWhole)) return () => false;
  return (old) => {
    const possible = kinds.filter((kind) =>
      old.every((value, i) => value === null || kind.columns[i] === true),
    );
    for (const [i, value] of old.entries()) {
      const isCertain = possible.length > 0 && possible.every((kind) => kind.columns[i] === true);
      if (value === null && !isCertain) old[i] = undefined;
    }
    return possible.length === 0 || possible.some(({ isWhole }) => !isWhole);
  };
}

// By name: a partition may have its columns in another order.
function carriedBy(leaf: RelationMessage, columns: RelationMessage['columns']): Carried {
  const isWhole = leaf.identity === 'f';
  const keys = new Set(leaf.columns.filter(({ isKey }) => isKey).map(({ name }) => name));
  return { isWhole, columns: columns.map(({ name }) => isWhole || keys.has(name)) };
}

function distinct(all: readonly Carried[]): Carried[] {
  return [...new Map(all.map((carried) => [JSON.stringify(carried), carried])).values()];
}
