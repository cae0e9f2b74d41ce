// A row of rowhook.webhook or rowhook.subscribable_table as it stands in the log, as versions of configuration rows.
import type { RelationMessage, RowMessage, TupleValues } from '../replication/pgoutput.ts';
import type { ConfigurationChange, ConfigurationRow } from './webhook.ts';

const kinds: ReadonlyMap<string, ConfigurationChange['kind']> = new Map([
  ['webhook', 'webhook'],
  ['subscribable_table', 'table'],
]);

export function isConfigurationRelation({ schema, name }: RelationMessage): boolean {
  return schema === 'rowhook' && kinds.has(name);
}

/** What one transaction made of the configuration: for each key its last row, in the order of first mention. */
export function configurationChanges(
  messages: readonly { readonly relation: RelationMessage; readonly row: RowMessage }[],
): ConfigurationChange[] {
  const changes = new Map<string, ConfigurationChange>();
  for (const { relation, row } of messages) {
    const kind = kinds.get(relation.name);
    if (kind === undefined) continue;
    const before = row.old === null ? null : toRow(relation, row.old, null);
    const after = row.record === null ? null : toRow(relation, row.record, row.old);
    for (const [key, value] of versions(kind, before, after)) {
      changes.set(`${kind} ${key}`, { kind, key, row: value });
    }
  }
  return [...changes.values()];
}

function versions(
  kind: ConfigurationChange['kind'],
  before: ConfigurationRow | null,
  after: ConfigurationRow | null,
): [string, ConfigurationRow | null][] {
  const keyColumn = kind === 'webhook' ? 'uid' : 'name';
  const oldKey = before === null ? null : String(before[keyColumn]);
  const newKey = after === null ? null : String(after[keyColumn]);
  const gone: [string, null][] = oldKey !== null && oldKey !== newKey ? [[oldKey, null]] : [];
  return newKey === null ? gone : [...gone, [newKey, after]];
}

// Identity is full, so a long value that did not change stands in the old row.
function toRow({ columns }: RelationMessage, values: TupleValues, old: TupleValues | null): ConfigurationRow {
  return Object.fromEntries(
    columns.map(({ name }, i) => [name, values[i] === undefined ? old?.[i] : values[i]]),
  );
}
