// What the publication says, in the form that is kept beside the floor: a different option would number the changes of a
// transaction differently when it is sent again.
import { ExitError } from '../exit-error.ts';
import type { Session } from './session.ts';

export const publicationName = 'rowhook';

export type PublicationOptions = Readonly<Record<string, unknown>>;

const bookkeeping = ['fence', 'journal', 'config_version', 'counter', 'loss', 'state', 'epoch', 'setting'];
const configuration = ['webhook', 'subscribable_table'];

/** Throws an ExitError (3) when the publication is missing, or publishes what it must not or lacks what it must. */
export async function readPublication(session: Session): Promise<PublicationOptions> {
  const { rows } = await session.query<{ options: PublicationOptions; own: string[] }>({
    text: `select to_jsonb(p) - 'oid' - 'pubowner' - 'pubname' as options,
                  array(select tablename::text from pg_catalog.pg_publication_tables t
                        where t.pubname = p.pubname and t.schemaname = 'rowhook') as own
           from pg_catalog.pg_publication p where p.pubname = $1`,
    values: [publicationName],
  });
  const [publication] = rows;
  if (publication === undefined) {
    throw new ExitError(`The publication "${publicationName}" is missing, so nothing would arrive.`, {
      exitCode: 3,
      remedy:
        `Create it again as a member of rowhook_dba: create publication ${publicationName} for table rowhook.webhook, ` +
        `rowhook.subscribable_table with (publish_via_partition_root = true); then enable each table with rowhook.enable_table.`,
    });
  }
  const published = publication.own.filter((table) => bookkeeping.includes(table));
  if (published.length > 0) {
    throw new ExitError(
      `The publication "${publicationName}" contains rowhook's own bookkeeping (${published.join(', ')}): each POST would write more log.`,
      { exitCode: 3, remedy: `Publish single tables only, never FOR ALL TABLES or the schema rowhook.` },
    );
  }
  const missing = configuration.filter((table) => !publication.own.includes(table));
  if (missing.length > 0) {
    const tables = missing.map((table) => `rowhook.${table}`).join(', ');
    throw new ExitError(
      `The publication "${publicationName}" lacks ${tables}: changes of webhooks would go unseen.`,
      {
        exitCode: 3,
        remedy: `alter publication ${publicationName} add table ${tables};`,
      },
    );
  }
  return publication.options;
}

/** Throws an ExitError (3) naming the options that changed since the first start. */
export function requireSamePublication(before: unknown, now: PublicationOptions): void {
  const then = typeof before === 'object' && before !== null ? (before as PublicationOptions) : {};
  const changed = Object.keys({ ...then, ...now }).filter((name) => then[name] !== now[name]);
  if (changed.length === 0) return;
  const list = changed
    .map((name) => `${name}: was ${String(then[name])}, is ${String(now[name])}`)
    .join('; ');
  throw new ExitError(
    `The options of publication "${publicationName}" changed (${list}): changes that are sent again would get other numbers.`,
    { exitCode: 3, remedy: `Set them back with: alter publication ${publicationName} set (…);` },
  );
}
