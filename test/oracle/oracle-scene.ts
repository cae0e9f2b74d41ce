// A database with every extension, a service that leads and a receiver; runs one case from its table to its payloads.

import pg from 'pg';
import { pinnedSettings } from '../../src/database/session.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import type { Session } from '../support/queryable.ts';
import { startReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { stagesOf } from './alter.ts';
import { differenceOf, touchedVersion, type Difference, type ExpectedChange } from './compare.ts';
import { Declarations } from './declare.ts';
import { entry, readJson } from './json-node.ts';
import { extensions } from './plain-types.ts';
import type { CaseColumn, TestCase } from './test-case.ts';
import { literalOf, quoteName, type ValueTree } from './type-tree.ts';

const postsMs = 20_000;

/** Postgres did not take the case: a mistake in how it was made. */
export class RefusedCase extends Error {}

export interface Comparison {
  readonly rows: number;
  readonly changes: number;
  /** The first one; undefined: all payloads are what Postgres said. */
  readonly difference: Difference | undefined;
}

export interface OracleScene extends AsyncDisposable {
  readonly version: string;
  readonly major: number;
  run(testCase: TestCase): Promise<Comparison>;
}

export async function openOracleScene(adminUrl?: string): Promise<OracleScene> {
  const open = new AsyncDisposableStack();
  try {
    const database = open.use(await createInstalledDatabase(adminUrl));
    const receiver = open.use(await startReceiver());
    const created = extensions.map((extension) => `create extension ${extension} with schema public`);
    await database.admin.query(created.join(';'));
    const service = open.use(
      startService({ databaseUrl: database.serviceUrl, env: { ROWHOOK_LOG_LEVEL: 'info' } }),
    );
    await service.ready();
    const [server] = await database.query(
      `select current_setting('server_version') as version, current_setting('server_version_num') as number`,
    );
    const writer = await database.connect(pinnedUrl(database.dbaUrl));
    return new Scene({
      parts: { database, receiver, service, writer },
      open,
      version: server?.['version'] ?? '',
      major: Math.floor(Number(server?.['number']) / 10_000),
    });
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}

/** With the settings of the connection that reads the log: in them to_jsonb is asked. */
function pinnedUrl(url: string): string {
  const pinned = new URL(url);
  const options = Object.entries(pinnedSettings).map(([name, value]) => `-c ${name}=${value}`);
  pinned.searchParams.set('options', options.join(' '));
  return pinned.href;
}

interface SceneParts {
  readonly database: InstalledDatabase;
  readonly receiver: Receiver;
  readonly service: ServiceProcess;
  readonly writer: Session;
}

class Scene implements OracleScene {
  readonly version: string;
  readonly major: number;
  readonly #parts: SceneParts;
  readonly #open: AsyncDisposableStack;
  #count = 0;

  constructor({
    parts,
    open,
    version,
    major,
  }: {
    parts: SceneParts;
    open: AsyncDisposableStack;
    version: string;
    major: number;
  }) {
    this.#parts = parts;
    this.#open = open;
    this.version = version;
    this.major = major;
  }

  async run(testCase: TestCase): Promise<Comparison> {
    this.#count += 1;
    const table = `case_${this.#count}`;
    const changes = await this.#write(testCase, table);
    const bodies = await this.#posted(table, changes.length);
    await this.#parts.writer.query(`drop schema ${table} cascade`);
    return {
      rows: changes.filter(({ type }) => type === 'INSERT').length,
      changes: changes.length,
      difference: firstDifference(table, changes, bodies),
    };
  }

  /** Every statement returns the rows as to_jsonb prints them in that moment. */
  async #write(testCase: TestCase, table: string): Promise<ExpectedChange[]> {
    const { writer, database, receiver } = this.#parts;
    const declarations = new Declarations(table);
    const typeNames = declarations.namesOf(testCase.columns);
    try {
      await writer.query(
        [
          ...schemaStatements(table),
          ...declarations.statements,
          ...tableStatements(testCase, table, typeNames),
        ].join(';\n'),
      );
    } catch (error) {
      throw refused(error);
    }
    await database.admin.query(
      `insert into rowhook.webhook (id, name, table_name, url, on_insert, on_update, on_delete, all_companies)
       values ($1, $1, $1, $2, true, true, true, true)`,
      [table, `${receiver.url}/${table}`],
    );
    const changes = new Changes(writer, `${table}.${table}`);
    const stages = stagesOf(testCase, caseStatements.length, (key) => declarations.composites.get(key) ?? '');
    for (const [index, { type, sql }] of caseStatements.entries()) {
      const { statements, testCase: current } = stages[index] ?? { statements: [], testCase };
      // What was written before the types are altered is printed with what they were: the service must have seen it.
      if (statements.length > 0) await this.#posts(table, changes.all.length);
      try {
        await changes.alter(statements);
        await changes.make(type, sql(current, `${table}.${table}`, typeNames), current);
      } catch (error) {
        throw refused(error);
      }
    }
    return changes.all;
  }

  async #posted(table: string, count: number): Promise<Map<string, string>> {
    const requests = await this.#posts(table, count);
    const { receiver } = this.#parts;
    const bodies = new Map(requests.map(({ body }) => [postedKey(body), body]));
    receiver.clear();
    if (bodies.size !== count)
      throw new Error(`${requests.length} POSTs for ${bodies.size} changes, not ${count}`);
    return bodies;
  }

  #posts(table: string, count: number): Promise<ReceivedRequest[]> {
    const { receiver, service } = this.#parts;
    const ended = service.exited.then((exit) => {
      throw new Error(`the service ended (${JSON.stringify(exit)}):\n${service.output.slice(-4000)}`);
    });
    return Promise.race([receiver.waitFor(count, { path: `/${table}`, timeoutMs: postsMs }), ended]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

function firstDifference(
  table: string,
  changes: readonly ExpectedChange[],
  bodies: ReadonlyMap<string, string>,
): Difference | undefined {
  for (const change of changes) {
    const body = bodies.get(changeKey(change));
    if (body === undefined) throw new Error(`no POST for ${changeKey(change)} of ${table}`);
    const difference = differenceOf(table, change, body);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function refused(error: unknown): unknown {
  return error instanceof pg.DatabaseError ? new RefusedCase(error.message, { cause: error }) : error;
}

/** USAGE is what a cast to json needs, which the service asks the database for. */
function schemaStatements(schema: string): string[] {
  return [`create schema ${schema}`, `grant usage on schema ${schema} to public`];
}

function tableStatements(
  { identity, columns }: TestCase,
  table: string,
  typeNames: readonly string[],
): string[] {
  const definitions = columns.map(({ name }, index) => `${quoteName(name)} ${typeNames[index] ?? ''}`);
  const key = `constraint ${table}_key primary key ("row")`;
  return [
    `create table ${table}.${table} ("row" int, "version" int not null, ${definitions.join(', ')}, ${key})`,
    `select rowhook.enable_table('${table}.${table}', company_column => null,
       replica_identity => '${identity === 'full' ? 'full' : `${table}_key`}')`,
  ];
}

type MakeSql = (testCase: TestCase, table: string, typeNames: readonly string[]) => string;

const returned = 'returning changed."row", changed."version", pg_catalog.to_jsonb(changed)::text as record';

/** Every row is inserted, updated to the next row's values, touched without them, and deleted. */
const caseStatements: readonly { readonly type: ExpectedChange['type']; readonly sql: MakeSql }[] = [
  {
    type: 'INSERT',
    sql: (testCase, table, typeNames) =>
      `insert into ${table} as changed values\n${tuples(testCase, typeNames, 0)}\n${returned}`,
  },
  {
    type: 'UPDATE',
    sql: (testCase, table, typeNames) => {
      const places = testCase.columns.map((_, index) => `value_${index}`);
      const assigned = testCase.columns.map(
        ({ name }, index) => `${quoteName(name)} = next.${places[index] ?? ''}`,
      );
      return `update ${table} as changed set "version" = next.version, ${assigned.join(', ')}
        from (values ${tuples(testCase, typeNames, 1)}) as next (row, version, ${places.join(', ')})
        where changed."row" = next.row ${returned}`;
    },
  },
  {
    type: 'UPDATE',
    sql: (_, table) => `update ${table} as changed set "version" = ${touchedVersion} ${returned}`,
  },
  { type: 'DELETE', sql: (_, table) => `delete from ${table} as changed ${returned}` },
];

/** The rows of a VALUES list; each has the values of the row that is `shift` further on. */
function tuples({ columns }: TestCase, typeNames: readonly string[], shift: number): string {
  const rows = Math.max(...columns.map(({ values }) => values.length));
  const literal = ({ type, values }: CaseColumn, index: number, row: number): string =>
    literalOf(type, typeNames[index] ?? '', values[row] ?? (null satisfies ValueTree));
  return Array.from({ length: rows }, (_, row) => {
    const literals = columns.map((column, index) => literal(column, index, (row + shift) % rows));
    return `(${[row, shift, ...literals].join(', ')})`;
  }).join(',\n');
}

class Changes {
  readonly all: ExpectedChange[] = [];
  readonly #writer: Session;
  readonly #table: string;
  readonly #records = new Map<string, string>();

  constructor(writer: Session, table: string) {
    this.#writer = writer;
    this.#table = table;
  }

  /** From then on the rows that are there are other ones to to_jsonb, and to the log. */
  async alter(statements: readonly string[]): Promise<void> {
    if (statements.length === 0) return;
    await this.#writer.query(statements.join(';\n'));
    const rows = await this.#writer.query<{ row: string; record: string }>(
      `select present."row", pg_catalog.to_jsonb(present)::text as record from ${this.#table} as present`,
    );
    for (const { row, record } of rows) this.#records.set(row, record);
  }

  async make(type: ExpectedChange['type'], statement: string, testCase: TestCase): Promise<void> {
    const rows = await this.#writer.query<{ row: string; version: string; record: string }>(statement);
    for (const { row, version, record } of rows) {
      const old = type === 'INSERT' ? undefined : this.#records.get(row);
      this.all.push({ type, row: Number(row), version: Number(version), record, old, testCase });
      this.#records.set(row, record);
    }
  }
}

/** A deleted row is known by its key alone where the identity is that. */
function changeKey({ type, row, version }: Pick<ExpectedChange, 'type' | 'row' | 'version'>): string {
  return `${type} of row ${row}${type === 'DELETE' ? '' : `, version ${version}`}`;
}

function postedKey(body: string): string {
  const payload = readJson(body);
  const record = entry(payload, 'record');
  return changeKey({
    type: JSON.parse(entry(payload, 'type')?.raw ?? '""') as ExpectedChange['type'],
    row: Number(entry(record, 'row')?.raw),
    version: Number(entry(record, 'version')?.raw),
  });
}
