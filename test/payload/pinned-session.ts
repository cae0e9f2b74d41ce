// A session with the settings that the replication connection pins, which asks the server for both sides of a comparison:
// the text that the log carries and the JSON that to_jsonb makes of the same value.

import { Client } from 'pg';
import { encoderFor } from '../../src/payload/encode.ts';
import type { TypeCatalog } from '../../src/payload/type-catalog.ts';
import type { TypeEntry } from '../../src/payload/type-entry.ts';
import { castQuery, typesQuery } from '../../src/payload/types-query.ts';
import { TableEncoder } from '../../src/payload/table-encoder.ts';
import { Types } from '../../src/payload/types.ts';
import { parseSighting } from '../../src/snapshot.ts';
import { createDatabase } from '../support/database.ts';

const pinnedSettings = [
  'TimeZone=UTC',
  'DateStyle=ISO',
  'IntervalStyle=postgres',
  'extra_float_digits=1',
  'bytea_output=hex',
];

export interface EncodedValue {
  readonly typeOid: number;
  /** As the type's output function prints it. */
  readonly text: string;
  /** Our JSON. */
  readonly json: string;
  /** The JSON of to_jsonb. */
  readonly expected: string;
}

export interface PinnedSession extends AsyncDisposable {
  query<T extends object>(sql: string, values?: unknown[]): Promise<T[]>;
  /** The values of these SQL expressions, in this order. */
  encoded(expressions: readonly string[]): Promise<EncodedValue[]>;
  /** JSON texts as jsonb prints them: comparable, with every digit kept. */
  asJsonb(jsons: readonly string[]): Promise<string[]>;
  catalogOf(typeOids: readonly number[]): Promise<TypeCatalog>;
  oidsOf(types: readonly string[]): Promise<number[]>;
}

/** In a database of its own. */
export async function openPinnedSession(): Promise<PinnedSession> {
  const database = await createDatabase();
  const client = new Client({
    connectionString: database.url,
    options: pinnedSettings.map((setting) => `-c ${setting}`).join(' '),
  });
  await client.connect();

  async function query<T extends object>(sql: string, values?: unknown[]): Promise<T[]> {
    return (await client.query<T>(sql, values)).rows;
  }

  const types = new Types({
    read: async (oids) => {
      const [row] = await query<{ types: TypeEntry[]; snapshot: string; next: string }>(typesQuery, [
        oids,
        'no slot',
      ]);
      const sighting = parseSighting(row?.snapshot ?? '', row?.next ?? '');
      return { types: row?.types ?? [], sighting };
    },
    cast: async (type, texts) =>
      (await query<{ json: string }>(castQuery(type), [texts])).map(({ json }) => json),
    onPrintedAsText: () => undefined,
    now: () => performance.now(),
    pause: () => Promise.resolve(),
  });

  /** A transaction that has committed, after all that the session made before. */
  async function newXid(): Promise<number> {
    const [row] = await query<{ xid: string }>('select pg_current_xact_id()::xid::text as xid');
    return Number(row?.xid);
  }

  async function catalogOf(typeOids: readonly number[]): Promise<TypeCatalog> {
    await types.learn(
      typeOids.map((typeOid, index) => ({ name: `value${index}`, typeOid })),
      await newXid(),
    );
    return types.catalog;
  }

  async function jsonOf({ typeOid, text }: Omit<EncodedValue, 'json'>): Promise<string> {
    const xid = await newXid();
    const table = await TableEncoder.load([{ name: 'value', typeOid }], types, xid);
    const prepare = (isAgain: boolean): Promise<void> | null =>
      table.prepare({ rows: [[text]], xid, isAgain });
    for (let asking = prepare(false); asking !== null; asking = prepare(true)) await asking;
    return encoderFor(typeOid, types.catalog)(text);
  }

  return {
    query,
    catalogOf,
    async encoded(expressions) {
      const rows = await query<Omit<EncodedValue, 'json'>>(expressions.map(valueQuery).join(' union all '));
      const encoded: EncodedValue[] = [];
      for (const row of rows) encoded.push({ ...row, json: await jsonOf(row) });
      return encoded;
    },
    async asJsonb(jsons) {
      const rows = await query<{ json: string }>(
        'select json::jsonb::text as json from unnest($1::text[]) with ordinality as ours (json, place) order by place',
        [jsons],
      );
      return rows.map(({ json }) => json);
    },
    async oidsOf(names) {
      const rows = await query<{ oid: number }>(
        'select type::regtype::oid as oid from unnest($1::text[]) with ordinality as asked (type, place) order by place',
        [names],
      );
      return rows.map(({ oid }) => oid);
    },
    async [Symbol.asyncDispose]() {
      await client.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** format() uses the type's output function, as the log does; a cast to text may print something else (`true` for `t`). */
function valueQuery(expression: string): string {
  return `
    select pg_typeof(value)::oid as "typeOid", format('%s', value) as text, to_jsonb(value)::text as expected
    from (select ${expression} as value) as given`;
}
