// What the log does not tell about a table: its key, which orders its changes, and the types that are not built in.
import { DatabaseError } from 'pg';
import { parseSighting, type Sighting } from '../snapshot.ts';
import type { Queries } from './queries.ts';
import { wasRefused, type Session } from './session.ts';

/**
 * Names of the primary key's columns, or of the replica identity index's without one; empty for a table without a key,
 * and for one that is gone by now.
 */
export async function readKeyColumns(session: Session, relationOid: number): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>({
    name: 'rowhook_key_columns',
    text: `select a.attname::text as name
           from (select indrelid, indkey from pg_catalog.pg_index
                 where indrelid = $1::oid and (indisprimary or indisreplident) and indisvalid
                 order by indisprimary desc limit 1) i
           cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
           join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
           order by k.position`,
    values: [relationOid],
  });
  return rows.map(({ name }) => name);
}

export interface ReadTypes<R> {
  readonly types: readonly R[];
  readonly sighting: Sighting;
}

export interface ReadTypesOptions {
  readonly session: Queries;
  /** Takes the oids as $1 and the slot as $2, and returns one row: `types`, `snapshot` and `next`. */
  readonly query: string;
  readonly typeOids: readonly number[];
  readonly slot: string;
}

/** What the caller's type catalog wants to know, and by which transactions it is that. */
export async function readTypes<R>(options: ReadTypesOptions): Promise<ReadTypes<R>> {
  const { session, query, typeOids, slot } = options;
  const { rows } = await session.query<{ types: readonly R[]; snapshot: string; next: string }>({
    name: 'rowhook_types',
    text: query,
    values: [typeOids, slot],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('the server answered a question about types without a row');
  return { types: row.types, sighting: parseSighting(row.snapshot, row.next) };
}

export interface CastTextsOptions {
  readonly session: Session;
  /** Takes the texts as $1 and returns a row with `json` for each, in their order. */
  readonly query: string;
  readonly texts: readonly string[];
  /** For all of them. */
  readonly limitMs: number;
  /** A text that the server refuses to cast. */
  onRefused(error: Error): void;
}

/** null in place of a text that cannot be cast; null when it takes too long. */
export async function castTexts(options: CastTextsOptions): Promise<readonly (string | null)[] | null> {
  const { texts, limitMs } = options;
  const endsAt = performance.now() + limitMs;
  const together = await tryCast(options, texts);
  if (together !== 'refused') return together;
  // One that fails fails them all, so they are tried one by one.
  const answers: (string | null)[] = [];
  for (const text of texts) {
    const alone = texts.length === 1 ? 'refused' : await tryCast(options, [text]);
    if (alone === null || performance.now() > endsAt) return null;
    answers.push(...(alone === 'refused' ? [null] : alone));
  }
  return answers;
}

const queryCancelled = '57014';

async function tryCast(
  { session, query, onRefused }: CastTextsOptions,
  texts: readonly string[],
): Promise<readonly (string | null)[] | 'refused' | null> {
  try {
    const { rows } = await session.query<{ json: string | null }>({ text: query, values: [texts] });
    return rows.map(({ json }) => json);
  } catch (error) {
    if (!(error instanceof DatabaseError) || !wasRefused(error)) throw error;
    if (error.code === queryCancelled) return null;
    onRefused(error);
    return 'refused';
  }
}
