// What the publication says, in the form that is kept beside the floor: a different option would number the changes of a
// transaction differently when it is sent again.
import { ExitError } from '../exit-error.ts';
import type { Queries } from './queries.ts';

export const publicationName = 'rowhook';

export type PublicationOptions = Readonly<Record<string, unknown>>;

/** The tables of ours that have to be in it; every other one must not. */
const configuration = ['webhook', 'subscribable_table'] as const;

interface Facts {
  readonly options: PublicationOptions;
  /** Tables of the schema rowhook in it; `listed`: those by their own name, and not with their whole schema. */
  readonly own: readonly string[];
  readonly listed: readonly string[];
}

/** Throws an ExitError (3) when the publication is missing, or publishes what it must not or lacks what it must. */
export async function readPublication(db: Queries): Promise<PublicationOptions> {
  const { rows } = await db.query<Facts>({
    text: `select to_jsonb(p) - 'oid' - 'pubowner' - 'pubname' || jsonb_build_object('oid', p.oid::text) as options,
                  array(select tablename::text from pg_catalog.pg_publication_tables t
                        where t.pubname = p.pubname and t.schemaname = 'rowhook' order by 1) as own,
                  array(select relname::text from pg_catalog.pg_publication_rel r join pg_catalog.pg_class c on c.oid = r.prrelid
                        where r.prpubid = p.oid and c.relnamespace = 'rowhook'::regnamespace) as listed
           from pg_catalog.pg_publication p where p.pubname = $1`,
    values: [publicationName],
  });
  const [publication] = rows;
  if (publication === undefined) {
    throw new ExitError(`The publication "${publicationName}" is missing, so nothing would arrive.`, {
      exitCode: 3,
      remedy: `Create it again: ${await creation(db)}`,
    });
  }
  await refuseBookkeeping(db, publication);
  const missing = configuration.filter((table) => !publication.own.includes(table));
  if (missing.length > 0) throw lacking(missing);
  return publication.options;
}

async function refuseBookkeeping(db: Queries, { options, own, listed }: Facts): Promise<void> {
  const published = own.filter((table) => !configuration.some((each) => each === table));
  if (published.length === 0) return;
  const all = options['puballtables'] === true;
  const message =
    `The publication "${publicationName}" contains rowhook's own bookkeeping (${published.join(', ')}): ` +
    `each POST would write more log.`;
  const change = `alter publication ${publicationName}`;
  const unlisted = published.some((table) => !listed.includes(table));
  const missing = configuration.filter((table) => !listed.includes(table));
  const add = missing.length === 0 ? '' : ` ${change} add table ${qualified(missing)};`;
  const remedy = all
    ? `It must not be FOR ALL TABLES: drop publication ${publicationName}; ${await creation(db)}`
    : unlisted
      ? `begin; ${change} drop tables in schema rowhook;${add} commit;`
      : `${change} drop table ${qualified(published)};`;
  throw new ExitError(message, { exitCode: 3, remedy });
}

function lacking(missing: readonly string[]): ExitError {
  return new ExitError(
    `The publication "${publicationName}" lacks ${qualified(missing)}: changes of webhooks would go unseen.`,
    { exitCode: 3, remedy: `As the role that installed rowhook: ${addConfiguration(missing)}` },
  );
}

/** Writing the rows again brings into the log what was changed while they were not published. */
export function addConfiguration(missing: readonly string[]): string {
  const touch = {
    webhook: 'update rowhook.webhook set name = name;',
    subscribable_table: 'update rowhook.subscribable_table set enabled = enabled;',
  };
  const touches = configuration.filter((table) => missing.includes(table)).map((table) => touch[table]);
  return `alter publication ${publicationName} add table ${qualified(missing)}; ${touches.join(' ')}`;
}

/** The statements that create it with every enabled table, and what they cannot bring back. */
async function creation(db: Queries): Promise<string> {
  const { rows } = await db.query<{ tables: string; generated: string; hasStarted: boolean }>({
    text: `select concat_ws(', ', 'rowhook.webhook', 'rowhook.subscribable_table',
                    (select string_agg(format('%I.%I', t.schema_name, t.relation_name), ', ' order by t.name)
                     from rowhook.subscribable_table t
                     join pg_catalog.pg_namespace n on n.nspname = t.schema_name
                     join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.relation_name
                     where t.enabled)) as tables,
                  case when current_setting('server_version_num')::int4 >= 180000
                       then ', publish_generated_columns = stored' else '' end as generated,
                  exists (select from rowhook.state) as "hasStarted"`,
  });
  const { tables = '', generated = '', hasStarted = false } = rows[0] ?? {};
  const statements =
    `create publication ${publicationName} for table ${tables} ` +
    `with (publish_via_partition_root = true${generated}); alter publication ${publicationName} owner to rowhook_dba;`;
  return hasStarted ? `${statements}\n${acceptGap}` : statements;
}

const acceptGap =
  'What was committed without the publication cannot be read any more; accept that with: rowhook slot recreate --accept-gap';

function qualified(tables: readonly string[]): string {
  return tables.map((table) => `rowhook.${table}`).join(', ');
}

/** Throws an ExitError (3) naming the options that changed since the first start. */
export function requireSamePublication(before: unknown, now: PublicationOptions): void {
  const then = typeof before === 'object' && before !== null ? (before as PublicationOptions) : {};
  if (then['oid'] !== undefined && then['oid'] !== now['oid']) {
    throw new ExitError(`The publication "${publicationName}" was dropped and created again.`, {
      exitCode: 3,
      remedy: acceptGap,
    });
  }
  const changed = Object.keys({ ...then, ...now }).filter(
    (name) => name !== 'oid' && then[name] !== now[name],
  );
  if (changed.length === 0) return;
  const list = changed
    .map((name) => `${name}: was ${String(then[name])}, is ${String(now[name])}`)
    .join('; ');
  throw new ExitError(
    `The options of publication "${publicationName}" changed (${list}): changes that are sent again would get other numbers.`,
    {
      exitCode: 3,
      remedy:
        `Set them back: alter publication ${publicationName} set (${formerOptions(then, changed).join(', ')}); ` +
        `what was committed meanwhile arrives as the changed options had it.`,
    },
  );
}

const operations = { pubinsert: 'insert', pubupdate: 'update', pubdelete: 'delete', pubtruncate: 'truncate' };

function formerOptions(then: PublicationOptions, changed: readonly string[]): string[] {
  const published = Object.entries(operations).filter(([column]) => then[column] === true);
  const others = {
    pubviaroot: `publish_via_partition_root = ${String(then['pubviaroot'])}`,
    pubgencols: `publish_generated_columns = ${then['pubgencols'] === 's' ? 'stored' : 'none'}`,
  };
  return [
    ...(changed.some((column) => column in operations)
      ? [`publish = '${published.map(([, operation]) => operation).join(', ')}'`]
      : []),
    ...Object.entries(others).flatMap(([column, option]) => (changed.includes(column) ? [option] : [])),
  ];
}
