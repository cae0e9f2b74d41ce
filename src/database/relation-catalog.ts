// What the log does not tell about a table: its key, which orders its changes, and the types that are not built in.
import { DatabaseError } from 'pg';
import { parseLsn, type Lsn } from '../lsn.ts';
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
  /** Whatever was committed before it is seen in `types`. */
  readonly asOf: Lsn;
}

/** `query` takes the oids as $1 and returns what the caller's type catalog wants to know about them. */
export async function readTypes<R extends object>(
  session: Session,
  query: string,
  typeOids: readonly number[],
): Promise<ReadTypes<R>> {
  // A statement of its own: it has to come before the other one's snapshot.
  const { rows } = await session.query<{ lsn: string }>({
    text: 'select pg_current_wal_insert_lsn() as lsn',
  });
  const asOf = parseLsn(rows[0]?.lsn ?? '');
  const answer = await session.query<R & Record<string, unknown>>({
    name: 'rowhook_types',
    text: query,
    values: [typeOids],
  });
  return { types: answer.rows, asOf };
}

export interface CastTextsOptions {
  readonly session: Session;
  /** Takes the texts as $1 and returns a row with `json` for each, in their order. */
  readonly query: string;
  readonly texts: readonly string[];
  /** A text that the server refuses to cast, or a statement that takes too long. */
  onRefused(error: Error): void;
}

/** null in place of a text that cannot be cast. One that fails fails them all, so they are tried one by one then. */
export async function castTexts(options: CastTextsOptions): Promise<(string | null)[]> {
  const { session, query, texts, onRefused } = options;
  const queryCancelled = '57014';
  try {
    const { rows } = await session.query<{ json: string | null }>({ text: query, values: [texts] });
    return rows.map(({ json }) => json);
  } catch (error) {
    if (!(error instanceof DatabaseError) || !wasRefused(error)) throw error;
    onRefused(error);
    if (texts.length === 1 || error.code === queryCancelled) return texts.map(() => null);
  }
  const answers: (string | null)[] = [];
  for (const text of texts) answers.push(...(await castTexts({ ...options, texts: [text] })));
  return answers;
}
