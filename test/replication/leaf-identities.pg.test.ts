// How Postgres tells of partitions, and what is made of it: descriptions and old rows as its own pgoutput writes them. Each reading of the
// slot is a connection of its own, which knows nothing of what was described before.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { LeafIdentities } from '../../src/replication/leaf-identities.ts';
import {
  readRelation,
  readRelationOid,
  readRow,
  tag,
  type RelationMessage,
  type TupleValues,
} from '../../src/replication/pgoutput.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
  await database.query('create publication p with (publish_via_partition_root = true)');
  await database.query(`select pg_create_logical_replication_slot('${database.name}', 'pgoutput')`);
});

afterEach(async () => {
  await database.query('drop table if exists r, q, plain');
  await messages();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function run(statements: readonly string[]): Promise<void> {
  for (const statement of statements) await database.query(statement);
}

async function messages(): Promise<Buffer[]> {
  const rows = await database.query(
    `select encode(data, 'hex') as data
     from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', 'p')`,
    [database.name],
  );
  return rows.map(({ data }) => Buffer.from(data ?? '', 'hex'));
}

/** Each message: R with name and identity, changes as `UPDATE r {"id":"1"} partial`, by their old row. */
function tellingOf(log: readonly Buffer[]): string[] {
  const relations = new Map<number, RelationMessage>();
  const leaves = new LeafIdentities();
  const operations = new Map<number, string>([
    [tag.insert, 'INSERT'],
    [tag.update, 'UPDATE'],
    [tag.delete, 'DELETE'],
  ]);
  return log.flatMap((message) => {
    const kind = message[0] ?? 0;
    const operation = operations.get(kind);
    if (kind === tag.relation) {
      const relation = readRelation(message);
      relations.set(relation.oid, relation);
      leaves.described(relation);
      return [`R ${relation.name} ${relation.identity}`];
    }
    if (operation === undefined) {
      leaves.passed();
      return kind === tag.truncate ? ['TRUNCATE'] : [];
    }
    leaves.changed(readRelationOid(message));
    const relation = relations.get(readRelationOid(message));
    if (relation === undefined) throw new Error('a change of a table that was not described');
    const { old, isOldPartial } = readRow(message, relation, leaves.of(relation));
    return [`${operation} ${relation.name}${printed(relation, old)}${isOldPartial ? ' partial' : ''}`];
  });
}

function printed({ columns }: RelationMessage, old: TupleValues | null): string {
  if (old === null) return '';
  const known = columns.flatMap(({ name }, i) => (old[i] === undefined ? [] : [[name, old[i]] as const]));
  return ` ${JSON.stringify(Object.fromEntries(known))}`;
}

function changesOnly(telling: readonly string[]): string[] {
  return telling.filter((line) => !line.startsWith('R '));
}

const identities = ['default', 'full', 'using index'] as const;
type Identity = (typeof identities)[number];

async function createPartitions(root: Identity, leaf: Identity): Promise<void> {
  await run([
    'create table r (company text not null, id int primary key, note text) partition by range (id)',
    // A partition with its columns in another order, one of them dropped, two levels below its root.
    'create table below partition of r for values from (0) to (1000) partition by range (id)',
    'create table leaf (note text, gone int, id int not null primary key, company text not null)',
    'alter table leaf drop column gone',
    'alter table below attach partition leaf for values from (0) to (500)',
    'create unique index r_company_id on r (company, id)',
    `alter table only r replica identity ${root === 'using index' ? 'using index r_company_id' : root}`,
    'alter publication p add table r',
  ]);
  const [row] = await database.query(
    `select indexrelid::regclass as name from pg_index where indrelid = 'leaf'::regclass and not indisprimary`,
  );
  await run([
    `alter table leaf replica identity ${leaf === 'using index' ? `using index ${row?.['name'] ?? ''}` : leaf}`,
  ]);
}

test.each(identities.flatMap((root) => identities.map((leaf) => [root, leaf] as const)))(
  'root %s, partition %s: the old row is what the partition wrote',
  async (root, leaf) => {
    await createPartitions(root, leaf);
    await run([
      `insert into r values ('acme', 1, 'n')`,
      `update r set note = null`,
      `update r set id = 2`,
      `update r set company = 'globex'`,
      `delete from r`,
    ]);
    const telling = tellingOf(await messages());
    const letter = { default: 'd', full: 'f', 'using index': 'i' };
    expect(telling.slice(0, 2)).toEqual([`R r ${letter[root]}`, `R leaf ${letter[leaf]}`]);
    const wanted = {
      full: [
        'INSERT r',
        'UPDATE r {"company":"acme","id":"1","note":"n"}',
        'UPDATE r {"company":"acme","id":"1","note":null}',
        'UPDATE r {"company":"acme","id":"2","note":null}',
        'DELETE r {"company":"globex","id":"2","note":null}',
      ],
      default: [
        'INSERT r',
        'UPDATE r',
        'UPDATE r {"id":"1"} partial',
        'UPDATE r',
        'DELETE r {"id":"2"} partial',
      ],
      'using index': [
        'INSERT r',
        'UPDATE r',
        'UPDATE r {"company":"acme","id":"1"} partial',
        'UPDATE r {"company":"acme","id":"2"} partial',
        'DELETE r {"company":"globex","id":"2"} partial',
      ],
    };
    expect(changesOnly(telling)).toEqual(wanted[leaf]);
  },
);

test('an identity that changes between two changes, in one transaction too, counts from the next one on', async () => {
  await createPartitions('full', 'full');
  await run([
    `insert into r values ('acme', 1, null)`,
    `begin;
     update r set note = 'a';
     alter table leaf replica identity default;
     update r set id = 2;
     alter table leaf replica identity full;
     update r set note = null;
     commit`,
    'alter table only r replica identity default',
    `update r set note = 'b'`,
    'alter table r rename column note to remark',
    `update r set remark = null`,
    'alter table leaf replica identity default',
    'delete from r',
  ]);
  expect(changesOnly(tellingOf(await messages()))).toEqual([
    'INSERT r',
    'UPDATE r {"company":"acme","id":"1","note":null}',
    'UPDATE r {"id":"1"} partial',
    'UPDATE r {"company":"acme","id":"2","note":"a"}',
    'UPDATE r {"company":"acme","id":"2","note":null}',
    'UPDATE r {"company":"acme","id":"2","remark":"b"}',
    'DELETE r {"id":"2"} partial',
  ]);
});

test('two roots and a plain table in one transaction keep their partitions apart', async () => {
  await createPartitions('full', 'default');
  await run([
    'create table q (id int primary key, v text) partition by list (id)',
    'create table q1 partition of q for values in (1)',
    'create table q2 partition of q for values in (2)',
    'alter table q1 replica identity full',
    'create table plain (id int primary key, v text)',
    'alter table plain replica identity full',
    'alter publication p add table q, plain',
    `begin;
     insert into q values (1, null), (2, null);
     insert into r values ('acme', 1, null);
     insert into plain values (1, null);
     delete from q where id = 1;
     delete from r;
     delete from plain;
     delete from q;
     commit`,
    `truncate q, plain`,
    `insert into plain values (2, null)`,
    `delete from plain`,
  ]);
  expect(changesOnly(tellingOf(await messages()))).toEqual([
    ...['INSERT q', 'INSERT q', 'INSERT r', 'INSERT plain'],
    // Either partition of q could have written this one.
    'DELETE q {"id":"1"} partial',
    'DELETE r {"id":"1"} partial',
    'DELETE plain {"id":"1","v":null}',
    'DELETE q {"id":"2"} partial',
    'TRUNCATE',
    'INSERT plain',
    'DELETE plain {"id":"2","v":null}',
  ]);
});

test('a connection that begins in the middle is told of a partition before its first change', async () => {
  await createPartitions('full', 'default');
  await run([`insert into r values ('acme', 1, null)`]);
  expect(tellingOf(await messages())).toEqual(['R r f', 'R leaf d', 'INSERT r']);
  await run([`delete from r`]);
  expect(tellingOf(await messages())).toEqual(['R r f', 'R leaf d', 'DELETE r {"id":"1"} partial']);
});
