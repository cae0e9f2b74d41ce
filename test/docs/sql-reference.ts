/**
 * docs/sql.md as the comments in the database make it: every relation and function of the schema that rowhook_app or rowhook_dba can reach,
 * with the rights of both. Invariant: what has no comment is not left out; it is named in `silent`.
 */
import type { Queryable } from '../support/queryable.ts';

export interface SqlReference {
  readonly page: string;
  /** Objects, columns and parameters that can be reached and have no comment. */
  readonly silent: readonly string[];
}

type Rights = readonly string[];

interface Column {
  readonly name: string;
  readonly type: string;
  readonly comment: string | null;
  readonly app: Rights;
  readonly dba: Rights;
}

interface Relation {
  readonly name: string;
  readonly kind: 'table' | 'view';
  readonly comment: string | null;
  /** What rowhook_app sees of it; null: what the comment says. */
  readonly rows: string | null;
  /** Of the relation as a whole, `delete` among them. */
  readonly app: Rights;
  readonly dba: Rights;
  readonly columns: readonly Column[];
}

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly default: string | null;
  readonly isResult: boolean;
}

interface Routine {
  readonly name: string;
  readonly comment: string | null;
  readonly parameters: readonly Parameter[];
  readonly returns: string;
  readonly isForApp: boolean;
  readonly isForDba: boolean;
  /** Only those that people call; the rest is there because these run with the rights of their caller. */
  readonly isDoor: boolean;
}

const doors = ['inspect_table', 'enable_table', 'disable_table', 'forget', 'url_problem'];

/** What the service keeps for itself: to be looked at, not to be relied on. */
const books = ['state', 'epoch', 'counter', 'journal', 'fence', 'config_version', 'migration'];

/** In the order in which one meets them; what is not named here comes after them, by name. */
const order = [
  ...['webhook', 'webhook_counter', 'webhook_health', 'subscribable_table', 'loss', 'delivery', 'backlog'],
  ...['delivery_gap', 'enabled_relation', 'setting', ...books],
];

const intro = `# SQL reference

What applications and DBAs find in the schema \`rowhook\`. This page is made from the comments in the database (\`npm run docs:sql\`); in psql \`\\d+\` and \`\\df+\` show the same.
How to use it: [applications.md](applications.md) for applications, [dba.md](dba.md) for DBAs.

A right is one of \`select\`, \`insert\`, \`update\` and \`delete\`; – is none of them. The service's login, a member of \`rowhook_service\`, reads and writes what it needs of all this and is not listed. Nothing is granted to
PUBLIC, and each function pins its \`search_path\`.
`;

/** @param database as a superuser, or as the role that installed. */
export async function readSqlReference(database: Queryable): Promise<SqlReference> {
  const [relations, finding, routines] = [
    await readRelations(database),
    await readFinding(database),
    await readRoutines(database),
  ];
  const forApp = relations.filter((relation) => isReachable(relation, 'app'));
  const forDba = relations.filter((relation) => !forApp.includes(relation));
  const isBook = ({ name }: Relation): boolean => books.includes(name);
  const shown = routines.filter(({ isDoor }) => isDoor);
  const page = [
    intro,
    `## For applications: members of \`rowhook_app\`\n`,
    ...forApp.filter((each) => !isBook(each)).map(relationText),
    ...shown.filter(({ isForApp }) => isForApp).map(routineText),
    `## For DBAs: members of \`rowhook_dba\`\n\nBeside the following, what the rights above say.\n`,
    ...shown.filter(({ isForApp }) => !isForApp).map(routineText),
    findingText(finding),
    ...forDba.filter((each) => !isBook(each)).map(relationText),
    `## The service's books\n\nTo be looked at when something has to be explained; they may change with any release. Only the service writes them.\n`,
    ...relations.filter(isBook).map(relationText),
    partsText(routines.filter(({ isDoor }) => !isDoor)),
  ].join('\n');
  return { page, silent: silentOf(relations, finding, routines) };
}

async function readRelations(database: Queryable): Promise<Relation[]> {
  const [row] = await database.query(`
    with relation as (
      select c.oid, c.relname as name, case c.relkind when 'v' then 'view' else 'table' end as kind,
        obj_description(c.oid, 'pg_class') as comment,
        (select obj_description(p.oid, 'pg_policy') from pg_policy p where p.polrelid = c.oid and p.polname = c.relname || '_app') as rows
      from pg_class c where c.relnamespace = 'rowhook'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
    )
    select json_agg(json_build_object('name', r.name, 'kind', r.kind, 'comment', r.comment, 'rows', r.rows,
      'app', ${tableRights('rowhook_app')}, 'dba', ${tableRights('rowhook_dba')},
      'columns', (select json_agg(json_build_object('name', a.attname,
          'type', format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end,
          'comment', col_description(r.oid, a.attnum),
          'app', ${columnRights('rowhook_app')}, 'dba', ${columnRights('rowhook_dba')}) order by a.attnum)
        from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped))
      order by r.name collate "C") as found
    from relation r`);
  const found = JSON.parse(row?.['found'] ?? '[]') as Relation[];
  const place = ({ name }: Relation): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return found
    .map((relation) => ({ ...relation, columns: relation.columns.filter(isReachableColumn) }))
    .filter((relation) => isReachable(relation, 'app') || isReachable(relation, 'dba'))
    .sort((a, b) => place(a) - place(b));
}

function tableRights(role: string): string {
  return `array(select p from unnest(array['select', 'insert', 'update', 'delete']) p where has_table_privilege('${role}', r.oid, p))`;
}

function columnRights(role: string): string {
  return `array(select p from unnest(array['select', 'insert', 'update']) p where has_column_privilege('${role}', r.oid, a.attnum, p))`;
}

async function readFinding(database: Queryable): Promise<Column[]> {
  const [row] = await database.query(`
    select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, null), 'comment', col_description(attrelid, attnum),
      'app', '[]'::json, 'dba', '[]'::json) order by attnum) as found
    from pg_attribute where attrelid = 'rowhook.finding'::regclass`);
  return JSON.parse(row?.['found'] ?? '[]') as Column[];
}

async function readRoutines(database: Queryable): Promise<Routine[]> {
  const [row] = await database.query(
    `
    select json_agg(json_build_object('name', p.proname, 'comment', obj_description(p.oid, 'pg_proc'),
      'returns', pg_get_function_result(p.oid),
      'isForApp', has_function_privilege('rowhook_app', p.oid, 'execute'),
      'isForDba', has_function_privilege('rowhook_dba', p.oid, 'execute'),
      'parameters', (select coalesce(json_agg(json_build_object('name', p.proargnames[i], 'type', format_type(t.oid, null),
          'default', pg_get_function_arg_default(p.oid, i::int), 'isResult', coalesce(p.proargmodes[i], 'i') <> 'i') order by i), '[]')
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as t(oid, i)))
      order by array_position($1::text[], p.proname::text), p.proname collate "C") as found
    from pg_proc p where p.pronamespace = 'rowhook'::regnamespace and p.prorettype <> 'trigger'::regtype`,
    [doors],
  );
  const found = JSON.parse(row?.['found'] ?? '[]') as Routine[];
  return found
    .filter(({ isForApp, isForDba }) => isForApp || isForDba)
    .map((routine) => ({ ...routine, isDoor: doors.includes(routine.name) }));
}

function isReachable({ app, dba, columns }: Relation, by: 'app' | 'dba'): boolean {
  return (by === 'app' ? app : dba).length > 0 || columns.some((column) => column[by].length > 0);
}

function isReachableColumn({ app, dba }: Column): boolean {
  return app.length > 0 || dba.length > 0;
}

function relationText(relation: Relation): string {
  const { name, kind, comment, rows, columns } = relation;
  const lines = columns.map((column) => [
    `\`${column.name}\``,
    column.type,
    listed(column.app),
    listed(column.dba),
    prose(column.comment ?? ''),
  ]);
  return [
    `### The ${kind} \`rowhook.${name}\`\n`,
    `${prose(comment ?? '')}${rows === null ? '' : ` Rows that \`rowhook_app\` sees: ${prose(rows.charAt(0).toLowerCase() + rows.slice(1))}`}\n`,
    ...deleteText(relation),
    tableText(['column', 'type', '`rowhook_app`', '`rowhook_dba`', ''], lines),
  ].join('\n');
}

/** The one right that no column has, as a paragraph. */
function deleteText({ app, dba }: Relation): string[] {
  const able = [
    ...(app.includes('delete') ? ['`rowhook_app`'] : []),
    ...(dba.includes('delete') ? ['`rowhook_dba`'] : []),
  ];
  return able.length === 0 ? [] : [`Rows may be deleted by ${able.join(' and ')}.\n`];
}

function routineText({ name, comment, parameters, returns }: Routine): string {
  const [summary, meanings] = split(comment);
  const lines = parameters.map((parameter) => [
    `\`${parameter.name}\``,
    parameter.type,
    parameter.isResult ? 'result' : (parameter.default?.replace(/::\w+$/, '') ?? ''),
    prose(meanings.get(parameter.name) ?? ''),
  ]);
  const hasNamedResult = parameters.some(({ isResult }) => isResult);
  return [
    `### \`rowhook.${name}(${parameters
      .filter(({ isResult }) => !isResult)
      .map((parameter) => parameter.name)
      .join(', ')})\`\n`,
    `${prose(summary)}${hasNamedResult ? '' : ` Returns ${prose(returns.replace('SETOF', 'rows of'))}.`}\n`,
    tableText(['parameter', 'type', 'default', ''], lines),
  ].join('\n');
}

function findingText(finding: readonly Column[]): string {
  const lines = finding.map(({ name, type, comment }) => [`\`${name}\``, type, prose(comment ?? '')]);
  return ['### A row of `rowhook.inspect_table`\n', tableText(['column', 'type', ''], lines)].join('\n');
}

function partsText(parts: readonly Routine[]): string {
  const lines = parts.map(({ name, comment }) => [`\`${name}\``, prose(split(comment)[0])]);
  return [
    '## What the functions for DBAs are made of\n',
    '`inspect_table`, `enable_table` and `disable_table` run with the rights of their caller, so members of `rowhook_dba` may run their parts, too. No script should: they change without a note.\n',
    tableText(['function', ''], lines),
  ].join('\n');
}

/** A comment's first line, and what its further lines say of parameters: `name: meaning`. */
function split(comment: string | null): [summary: string, meanings: ReadonlyMap<string, string>] {
  const [summary = '', ...lines] = (comment ?? '').split('\n');
  const meanings = lines.map((line): [string, string] => {
    const [, name = '', meaning = ''] = /^(\w+): (.+)$/.exec(line) ?? [];
    return [name, meaning];
  });
  return [summary, new Map(meanings)];
}

function tableText(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return `${[row(head), `|${head.map(() => '---').join('|')}|`, ...lines.map(row)].join('\n')}\n`;
}

function listed(rights: Rights): string {
  return rights.length === 0 ? '–' : rights.join(', ');
}

/** Names as code; what Markdown would take for a tag or for the end of a cell, as it stands. */
function prose(text: string): string {
  return text
    .replaceAll(/[<|]/g, '\\$&')
    .replaceAll(/\b(?:rowhook(?:\.[a-z_]*[a-z])+|ROWHOOK_[A-Z_]+|set_config\([^)]+\))/g, '`$&`');
}

function silentOf(
  relations: readonly Relation[],
  finding: readonly Column[],
  routines: readonly Routine[],
): string[] {
  const isSilent = ({ comment }: { comment: string | null }): boolean => (comment ?? '') === '';
  return [
    ...relations.filter(isSilent).map(({ name }) => name),
    ...relations.flatMap(({ name, columns }) =>
      columns.filter(isSilent).map((column) => `${name}.${column.name}`),
    ),
    ...finding.filter(isSilent).map(({ name }) => `finding.${name}`),
    ...routines.filter(isSilent).map(({ name }) => `${name}()`),
    ...routines
      .filter(({ isDoor }) => isDoor)
      .flatMap(({ name, comment, parameters }) => {
        const [, meanings] = split(comment);
        return parameters.filter((each) => !meanings.has(each.name)).map((each) => `${name}(${each.name})`);
      }),
  ];
}
