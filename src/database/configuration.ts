// The configuration as of a position: from the stored versions at a start, from the slot's own snapshot at the very first one. All
// versions are of one log, also across a promotion, so their LSNs alone say which came first: a new slot begins without any.
import type { FloorPosition } from '../position.ts';
import { configurationUpTo } from '../position.ts';
import { formatLsn } from '../lsn.ts';
import type { ConfigurationChange, ConfigurationRow } from '../webhooks/webhook.ts';
import type { Session } from './session.ts';

/** The newest version of every row that was committed at or below the floor; what comes later is sent. */
export async function readConfiguration(
  session: Session,
  floor: FloorPosition,
): Promise<ConfigurationChange[]> {
  const { rows } = await session.query<{
    kind: 'webhook' | 'table';
    key: string;
    row: ConfigurationRow | null;
  }>({
    text: `select distinct on (kind, key) kind, key, row from rowhook.config_version
           where commit_lsn <= $1::pg_lsn
           order by kind, key, epoch desc, commit_lsn desc`,
    values: [formatLsn(configurationUpTo(floor))],
  });
  return rows;
}

/** Every configuration row that a snapshot sees. */
export async function readConfigurationRows(session: Session): Promise<ConfigurationChange[]> {
  const { rows } = await session.query<{ kind: 'webhook' | 'table'; key: string; row: ConfigurationRow }>({
    text: `select 'table' as kind, name as key, to_jsonb(t) as row from rowhook.subscribable_table t
           union all
           select 'webhook', uid::text, to_jsonb(w) from rowhook.webhook w`,
  });
  return rows;
}
