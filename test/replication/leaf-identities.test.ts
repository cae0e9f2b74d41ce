// The old rows of partitions: never more than the partition's own identity wrote to the log, whatever its root's says.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeafIdentities } from '../../src/replication/leaf-identities.ts';
import type { RelationMessage, TupleValues } from '../../src/replication/pgoutput.ts';

interface Described {
  readonly oid: number;
  readonly identity: string;
  /** A star marks a column of the identity. */
  readonly columns: readonly string[];
}

function relation({ oid, identity, columns }: Described): RelationMessage {
  return {
    oid,
    schema: 'erp',
    name: `t${oid}`,
    identity,
    columns: columns.map((column) => ({
      name: column.replace('*', ''),
      typeOid: 25,
      isKey: identity === 'f' || column.endsWith('*'),
    })),
  };
}

const root = relation({ oid: 1, identity: 'f', columns: ['company', 'id', 'note'] });
const byKey = relation({ oid: 2, identity: 'd', columns: ['note', 'id*', 'company'] });
const whole = relation({ oid: 3, identity: 'f', columns: ['company', 'id', 'note'] });
const byIndex = relation({ oid: 4, identity: 'i', columns: ['company*', 'id*', 'note'] });

function told(leaves: readonly RelationMessage[], ofRoot = root): LeafIdentities {
  const identities = new LeafIdentities();
  for (const leaf of leaves) tell(identities, ofRoot, leaf);
  return identities;
}

function tell(identities: LeafIdentities, ofRoot: RelationMessage, leaf: RelationMessage): void {
  identities.described(ofRoot);
  identities.described(leaf);
  identities.changed(ofRoot.oid);
}

function read(identities: LeafIdentities, old: TupleValues, of = root): [TupleValues, boolean | undefined] {
  const row = [...old];
  const isPartial = identities.of(of)?.(row);
  return [row, isPartial];
}

describe('an old row', () => {
  test('of a partition with its key as identity has no nulls in place of the rest, though its root is full', () => {
    expect(read(told([byKey]), [null, '1', null])).toEqual([[undefined, '1', undefined], true]);
  });

  test('of a partition with full identity is whole, though its root has only the key', () => {
    const keyed = relation({ oid: 1, identity: 'd', columns: ['company', 'id*', 'note'] });
    expect(read(told([whole], keyed), ['acme', '1', null], keyed)).toEqual([['acme', '1', null], false]);
  });

  test('that holds more than one partition would write comes from the other', () => {
    expect(read(told([byKey, whole]), [null, '1', 'n'])).toEqual([[null, '1', 'n'], false]);
  });

  test('that either of two partitions could have written has what both write', () => {
    expect(read(told([byKey, whole]), [null, '1', null])).toEqual([[undefined, '1', undefined], true]);
    expect(read(told([byIndex, whole]), ['acme', '1', null])).toEqual([['acme', '1', undefined], true]);
  });

  test('keeps every value that is there, even if no partition is known to write it', () => {
    expect(read(told([byKey]), ['acme', '1', null])).toEqual([['acme', '1', undefined], true]);
  });
});

test('a table without partitions is left to its own identity', () => {
  const identities = new LeafIdentities();
  identities.described(whole);
  identities.changed(whole.oid);
  expect(identities.of(whole)).toBeUndefined();
});

test('tables that a TRUNCATE describes are not partitions of one another', () => {
  const identities = new LeafIdentities();
  identities.described(whole);
  identities.described(byKey);
  identities.passed();
  identities.changed(whole.oid);
  expect(identities.of(whole)).toBeUndefined();
});

test('a table that was described without a change is not taken for a partition of the next one', () => {
  const identities = new LeafIdentities();
  identities.described(byKey);
  identities.changed(whole.oid);
  identities.described(byKey);
  identities.described(whole);
  identities.changed(whole.oid);
  expect(identities.of(whole)).toBeUndefined();
});

test('a partition that is described anew counts as it is now', () => {
  const identities = told([whole]);
  tell(identities, root, { ...byKey, oid: whole.oid });
  expect(read(identities, [null, '1', null])).toEqual([[undefined, '1', undefined], true]);
  tell(identities, root, whole);
  expect(read(identities, [null, '1', null])).toEqual([[null, '1', null], false]);
});

test('a partition that goes to another root counts there and no more here', () => {
  const other = { ...root, oid: 9 };
  const identities = told([byKey, whole]);
  tell(identities, other, byKey);
  expect(read(identities, [null, '1', null])).toEqual([[null, '1', null], false]);
  expect(read(identities, [null, '1', null], other)).toEqual([[undefined, '1', undefined], true]);
  tell(identities, other, whole);
  expect(identities.of(root)).toBeUndefined();
});

/** A table with partitions as Postgres could have it, and changes of them, each with the row it had before. */
interface LeafShape {
  readonly identity: string;
  readonly order: readonly string[];
  readonly key: readonly string[];
}

const names = ['company', 'id', 'note', 'doc', '__proto__'];
const leafShape: fc.Arbitrary<LeafShape> = fc.record({
  identity: fc.constantFrom('f', 'd', 'i'),
  order: fc.shuffledSubarray(names, { minLength: names.length }),
  key: fc.subarray(names, { minLength: 1 }),
});
const change = fc.record({
  leaf: fc.nat(),
  /** The partition got another identity since its last change. */
  alters: fc.option(leafShape, { freq: 4 }),
  row: fc.array(fc.constantFrom(null, 'a', 'b'), { minLength: names.length, maxLength: names.length }),
});
const history = fc.record({
  rootIdentity: fc.constantFrom('f', 'd', 'i', 'n'),
  leaves: fc.array(leafShape, { minLength: 1, maxLength: 4 }),
  changes: fc.array(change, { minLength: 1, maxLength: 12 }),
});

function leafOf(oid: number, { identity, order, key }: LeafShape): RelationMessage {
  return relation({ oid, identity, columns: order.map((name) => (key.includes(name) ? `${name}*` : name)) });
}

function carriedNames({ identity, columns }: RelationMessage): string[] {
  return columns.filter(({ isKey }) => identity === 'f' || isKey).map(({ name }) => name);
}

test('whatever the identities, nothing counts as carried that the partition did not carry, and nothing certain is lost', () => {
  fc.assert(
    fc.property(history, ({ rootIdentity, leaves, changes }) => {
      const described = relation({ oid: 1, identity: rootIdentity, columns: names });
      const current = leaves.map((shape, i) => leafOf(i + 2, shape));
      const known = new Set<RelationMessage>();
      const identities = new LeafIdentities();
      for (const { leaf: at, alters, row } of changes) {
        const index = at % current.length;
        if (alters !== null) current[index] = leafOf(index + 2, alters);
        const leaf = current[index] ?? whole;
        if (!known.has(leaf)) tell(identities, described, leaf);
        known.add(leaf);
        const carried = carriedNames(leaf);
        const isCarried = names.map((name) => carried.includes(name));
        const isWhole = leaf.identity === 'f';
        // Outside full identity a key has no nulls.
        const truth = row.map((value, i) => (!isWhole && isCarried[i] === true ? (value ?? 'k') : value));
        const written = truth.map((value, i) => (isCarried[i] === true ? value : null));

        const [old, isPartial] = read(identities, written, described);
        for (const [i, value] of old.entries()) {
          if (value === undefined) expect(written[i]).toBeNull();
          else expect([value, isCarried[i]]).toEqual([truth[i], true]);
        }
        if (isPartial === false) expect(isWhole).toBe(true);
        if ([...known].every(({ identity }) => identity === 'f')) expect(old).toEqual(truth);
      }
    }),
    { numRuns: 300 },
  );
});
