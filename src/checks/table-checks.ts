// Judges the registered tables: whether their changes are in the log, whole, and whether the application can still write. Pure:
// facts in, checks out.
import { publicationName } from '../database/publication.ts';
import type { PartitionFacts, TableFacts } from '../database/status/tables.ts';
import { shellWord } from '../shell-word.ts';
import { counted, fail, ok, warn, type Check } from './check.ts';

/** One line for all that is well, one for each table that is not. */
export function checkTables(tables: readonly TableFacts[]): Check[] {
  const enabled = tables.filter((table) => table.enabled);
  const problems = enabled.flatMap(tableProblems);
  const orphans = tables.filter((table) => !table.enabled && table.activeWebhooks > 0).map(disabledTable);
  return [summary(enabled), ...problems, ...orphans];
}

const shownTables = 12;

function summary(enabled: readonly TableFacts[]): Check {
  if (enabled.length === 0)
    return warn('tables', 'none is enabled', 'As a table’s owner: rowhook enable <relation>');
  const names = enabled.slice(0, shownTables).map((table) => {
    const isUsual = table.identity === 'full' || table.kind === null;
    const identity = isUsual ? '' : `, identity ${table.identity}`;
    return `${table.name} (${counted(table.activeWebhooks, 'webhook')}${identity})`;
  });
  const more = enabled.length > shownTables ? `, and ${enabled.length - shownTables} more` : '';
  return ok('tables', `${enabled.length} enabled: ${names.join(', ')}${more}`);
}

function tableProblems(table: TableFacts): Check[] {
  const problem = findUnread(table) ?? findUnwritable(table);
  if (problem !== null) return [problem];
  return [lostIdentity(table), ...partitionProblems(table)].filter((check) => check !== null);
}

const kinds: Readonly<Record<string, string>> = {
  v: 'a view now',
  m: 'a materialized view now',
  f: 'a foreign table now',
};

/** What keeps its changes from being read. */
function findUnread(table: TableFacts): Check | null {
  const { relation, companyColumn, kind } = table;
  const report = (detail: string, remedy: string): Check => fail(checkName(table), detail, remedy);
  const disable = `rowhook disable ${shellWord(relation)}`;
  if (kind === null && table.renamedTo !== null) {
    return report(
      `${relation} is ${table.renamedTo} now: nothing is sent for it under that name`,
      `As its owner: ${enableCommand({ ...table, relation: table.renamedTo })}`,
    );
  }
  if (kind === null) return report(`${relation} is gone`, `Restore it, or: ${disable}`);
  const other = kinds[kind];
  if (other !== undefined)
    return report(
      `${relation} is ${other}: the log holds changes of tables only`,
      `Restore it, or: ${disable}`,
    );
  if (table.isUnlogged)
    return report(`${relation} is unlogged: the log does not hold it`, `alter table ${relation} set logged;`);
  if (!table.published)
    return report(`${relation} is not in the publication: nothing is sent for it`, enabling(table));
  if (table.isNarrowed) {
    return report(
      `${relation} is in the publication with a column list or a row filter: rows or columns are missing`,
      `alter publication ${publicationName} drop table only ${relation}; and, as its owner: ${enableCommand(table)}`,
    );
  }
  if (table.hasCompanyColumn) return null;
  const detail = `${relation} has no column "${companyColumn ?? ''}" any more: no company can be told`;
  return report(
    detail,
    `As its owner: rowhook enable ${shellWord(relation)} --company-column <column> --name ${shellWord(table.name)}`,
  );
}

/** What makes the application's own UPDATE and DELETE fail. */
function findUnwritable(table: TableFacts): Check | null {
  const { relation } = table;
  const fails = 'every UPDATE and DELETE of the application fails';
  // A partitioned table's own rows are in its partitions.
  if (!table.hasIdentity && table.kind === 'r') {
    const detail = `${relation} has no replica identity: ${fails}`;
    return fail(checkName(table), detail, `alter table ${relation} replica identity full;`);
  }
  const [generated] = table.unpublishedGeneratedColumns;
  const reason =
    table.identity === 'full' && generated !== undefined
      ? `${relation} has identity full and the generated column "${generated}"`
      : table.leftOut === null
        ? null
        : `the replica identity of ${relation} contains ${table.leftOut}`;
  if (reason === null) return null;
  const inspect = `The statement that mends it, as its owner: rowhook inspect ${shellWord(relation)}`;
  return fail(checkName(table), `${reason}: ${fails}`, table.identityRemedy ?? inspect);
}

/** The identity is another one than rowhook set, and it carries less. */
function lostIdentity(table: TableFacts): Check | null {
  const { relation, identity, carriesCompany, companyColumn } = table;
  if (table.replicaIdentity === 'full' && identity !== 'full') {
    const detail = `${relation} has lost identity full: old rows are incomplete, and their company may be undecidable`;
    return warn(checkName(table), detail, enabling(table));
  }
  if (carriesCompany) return null;
  const detail = `${relation} has identity ${identity}, without "${companyColumn ?? ''}": whose its DELETEs are cannot be told, and they are not sent`;
  return warn(checkName(table), detail, enabling(table));
}

function partitionProblems(table: TableFacts): Check[] {
  const { relation, companyColumn } = table;
  const unlogged = table.partitions.filter((partition) => !partition.isInLog);
  const partitions = table.partitions.filter((partition) => partition.isInLog);
  const unwritable = partitions.filter((partition) => !partition.hasIdentity);
  const undecidable = partitions.filter(({ hasIdentity, carriesCompany }) => hasIdentity && !carriesCompany);
  const incomplete = partitions.filter(
    ({ carriesCompany, identity }) =>
      carriesCompany && table.identity === 'full' && identity !== 'full' && identity !== 'nothing',
  );
  const remedy = enabling(table);
  const of = `of ${relation}`;
  return [
    unlogged.length === 0
      ? null
      : fail(
          checkName(table),
          `${named(unlogged)} ${of} that the log does not hold (unlogged or foreign): nothing is sent for their rows`,
          `The statement that mends it, as its owner: rowhook inspect ${shellWord(relation)}`,
        ),
    unwritable.length === 0
      ? null
      : fail(
          checkName(table),
          `${named(unwritable)} ${of} without a replica identity: every UPDATE and DELETE of the application there fails`,
          remedy,
        ),
    undecidable.length === 0
      ? null
      : warn(
          checkName(table),
          `${named(undecidable)} ${of} with an identity of their own, without "${companyColumn ?? ''}": whose DELETEs there are cannot be told, and they are not sent`,
          remedy,
        ),
    incomplete.length === 0
      ? null
      : warn(
          checkName(table),
          `${named(incomplete)} ${of} with an identity of their own: old rows there are incomplete`,
          remedy,
        ),
  ].filter((check) => check !== null);
}

const shownPartitions = 3;

function named(partitions: readonly PartitionFacts[]): string {
  const names = partitions.slice(0, shownPartitions).map(({ relation }) => relation);
  const more = partitions.length - names.length;
  return `${counted(partitions.length, 'partition')} (${names.join(', ')}${more > 0 ? `, and ${more} more` : ''})`;
}

function disabledTable(table: TableFacts): Check {
  const pause = `update rowhook.webhook set active = false where table_name = '${table.name.replaceAll("'", "''")}';`;
  const webhooks = counted(table.activeWebhooks, 'active webhook');
  const detail = `${table.relation} is disabled, and ${webhooks} of it will never be sent`;
  if (table.kind === null) return warn(checkName(table), detail, pause);
  return warn(checkName(table), detail, `${enabling(table)}\nOr pause them: ${pause}`);
}

function checkName({ name }: TableFacts): string {
  return `table ${name}`;
}

function enabling(table: TableFacts): string {
  return `As its owner: ${enableCommand(table)}`;
}

function enableCommand({ relation, name, companyColumn, replicaIdentity }: TableFacts): string {
  const company =
    companyColumn === null
      ? ' --no-company'
      : companyColumn === 'companyId'
        ? ''
        : ` --company-column ${shellWord(companyColumn)}`;
  const identity = replicaIdentity === 'full' ? '' : ` --replica-identity ${shellWord(replicaIdentity)}`;
  return `rowhook enable ${shellWord(relation)}${company} --name ${shellWord(name)}${identity}`;
}
