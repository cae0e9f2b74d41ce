// From where on changes may be missing from the log without a word: Postgres 18 leaves them out while the publication is gone. The
// floor passes them, so an accepted gap has to begin here.
import { parseLsn, type Lsn } from '../lsn.ts';
import type { Queries } from './queries.ts';

const settingName = 'unread_since';

/** Up to 17 the stream ends there, and the floor says it better. */
export async function noteUnread(db: Queries, sinceLsn: string): Promise<void> {
  await db.query({
    text: `insert into rowhook.setting (name, value)
           select $1, to_jsonb($2::text) where current_setting('server_version_num')::int4 >= 180000
           on conflict (name) do nothing`,
    values: [settingName, sinceLsn],
  });
}

export async function readUnread(db: Queries): Promise<Lsn | null> {
  const { rows } = await db.query<{ lsn: string }>({
    text: `select value #>> '{}' as lsn from rowhook.setting where name = $1`,
    values: [settingName],
  });
  return rows[0] === undefined ? null : parseLsn(rows[0].lsn);
}

export async function forgetUnread(db: Queries): Promise<void> {
  await db.query({ text: 'delete from rowhook.setting where name = $1', values: [settingName] });
}
