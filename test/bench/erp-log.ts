// What the sample ERP writes to the log, as the bytes that a walsender would send: pgoutput in text mode, from a slot on the
// publication that rowhook reads.
import pg from 'pg';
import { activitySteps } from '../../src/cli/demo/activity.ts';
import { prepareDatabase } from '../../src/cli/demo/prepare.ts';
import { createRandom } from '../../src/cli/demo/random.ts';
import { openDemoDatabase } from '../../src/database/demo-database.ts';
import { clientConfig } from '../../src/database/session.ts';
import type { TypeCatalog } from '../../src/payload/type-catalog.ts';
import type { TypeEntry } from '../../src/payload/type-entry.ts';
import { typesQuery } from '../../src/payload/types-query.ts';
import { Types } from '../../src/payload/types.ts';
import { readRelation, tag } from '../../src/replication/pgoutput.ts';
import { parseSighting } from '../../src/snapshot.ts';

export interface ErpLog {
  /** Whole transactions in the order of the log, relations before the changes that need them. */
  readonly messages: readonly Buffer[];
  readonly types: TypeCatalog;
}

const slot = 'rowhook_bench_encode';

/** Creates the sample ERP in this cluster and lets it work for so many transactions, the same ones in every run. */
export async function recordErpLog(adminUrl: string, transactions: number): Promise<ErpLog> {
  const { databaseUrl } = await prepareDatabase(adminUrl, () => undefined);
  const client = new pg.Client(clientConfig({ databaseUrl, applicationName: 'rowhook bench' }));
  await client.connect();
  try {
    await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
    await work(databaseUrl, transactions);
    const messages = await takeMessages(client);
    return { messages, types: await typesOf(client, messages) };
  } finally {
    await client.query(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
      [slot],
    );
    await client.end();
  }
}

async function work(databaseUrl: string, transactions: number): Promise<void> {
  await using database = await openDemoDatabase(databaseUrl);
  const steps = activitySteps({
    database,
    random: createRandom(3),
    onTrouble: (activity, error) => {
      throw new Error(`the sample ERP could not do "${activity}"`, { cause: error });
    },
  });
  for (let step = 0; step < transactions; step++) await steps.next();
}

async function takeMessages(client: pg.Client): Promise<Buffer[]> {
  const { rows } = await client.query<{ data: Buffer }>(
    `select data from pg_logical_slot_get_binary_changes($1, null, null, 'proto_version', '1', 'publication_names', 'rowhook')`,
    [slot],
  );
  return rows.map(({ data }) => data);
}

/** As the service learns them, from the catalog. */
async function typesOf(client: pg.Client, messages: readonly Buffer[]): Promise<TypeCatalog> {
  const relations = messages.filter((message) => message[0] === tag.relation).map(readRelation);
  const types = new Types({
    read: async (oids) => {
      const { rows } = await client.query<{ types: TypeEntry[]; snapshot: string; next: string }>(
        typesQuery,
        [oids, slot],
      );
      const [row] = rows;
      const sighting = parseSighting(row?.snapshot ?? '', row?.next ?? '');
      return { types: row?.types ?? [], sighting };
    },
    cast: () => Promise.reject(new Error('the sample ERP has no type with a cast to json')),
    onPrintedAsText: () => undefined,
    now: () => performance.now(),
    pause: () => Promise.resolve(),
  });
  // Every snapshot sees the bootstrap transaction.
  const bootstrapXid = 1;
  await types.learn(
    relations.flatMap(({ columns }) => columns),
    bootstrapXid,
  );
  return types.catalog;
}
