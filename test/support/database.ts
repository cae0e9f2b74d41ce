/** A database of its own for each test, in the Postgres of the run, and logins for it. Dropped with all that is in it. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import './global-setup.ts';
import { connect, QueryPool, type Queryable, type Session, type TextRow } from './queryable.ts';
import { waitUntil } from './wait.ts';

export interface LoginOptions {
  /** What it is for; the role's name is made unique with it. */
  readonly name: string;
  readonly memberOf?: readonly string[];
  /** As in `create role`: 'replication', 'createrole createdb'. Never superuser by default. */
  readonly attributes?: string;
}

export interface Login extends Queryable {
  readonly role: string;
}

export interface TestDatabase extends Queryable, AsyncDisposable {
  readonly name: string;
  /** A connection of its own, the superuser's unless another URL is given. Closed with the database. */
  connect(url?: string): Promise<Session>;
  createLogin(options: LoginOptions): Promise<Login>;
  /** The connection string of a login of this database. */
  loginUrl(role: string): string;
}

/** In the Postgres of the run, or in one of the test's own (a superuser's connection string). */
export async function createDatabase(
  adminUrl = inject('adminUrl'),
  encoding = 'UTF8',
): Promise<TestDatabase> {
  const name = `rowhook_test_${randomBytes(6).toString('hex')}`;
  await using server = new QueryPool(adminUrl);
  await server.query(`create database ${name} template template0 encoding '${encoding}' locale 'C'`);
  return new OwnDatabase(adminUrl, name);
}

class OwnDatabase implements TestDatabase {
  readonly name: string;
  readonly url: string;
  readonly #adminUrl: string;
  readonly #admin: QueryPool;
  readonly #passwords = new Map<string, string>();
  readonly #open = new AsyncDisposableStack();

  constructor(adminUrl: string, name: string) {
    this.name = name;
    this.#adminUrl = adminUrl;
    this.url = urlOf(adminUrl, { database: name });
    this.#admin = this.#open.use(new QueryPool(this.url));
  }

  query<T = TextRow>(sql: string, params?: readonly unknown[]): Promise<T[]> {
    return this.#admin.query<T>(sql, params);
  }

  async connect(url = this.url): Promise<Session> {
    return this.#open.use(await connect(url));
  }

  async createLogin({ name, memberOf = [], attributes = '' }: LoginOptions): Promise<Login> {
    const role = `rowhook_test_${name}_${randomBytes(4).toString('hex')}`;
    const password = randomBytes(9).toString('hex');
    const groups = memberOf.length === 0 ? '' : `in role ${memberOf.join(', ')}`;
    await this.query(`create role ${role} login ${attributes} password '${password}' ${groups}`);
    this.#passwords.set(role, password);
    const pool = this.#open.use(new QueryPool(this.loginUrl(role)));
    return { role, url: pool.url, query: (sql, params) => pool.query(sql, params) };
  }

  loginUrl(role: string): string {
    const password = this.#passwords.get(role);
    if (password === undefined) throw new Error(`${role} is not a login of ${this.name}`);
    return urlOf(this.url, { user: role, password });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
    await using server = new QueryPool(this.#adminUrl);
    await dropSlots(server, this.name);
    await server.query(`drop database if exists ${this.name} with (force)`);
    for (const role of this.#passwords.keys()) await server.query(`drop role if exists ${role}`);
  }
}

/** A database with a slot cannot be dropped, and a slot in use cannot be dropped either. */
async function dropSlots(server: Queryable, database: string): Promise<void> {
  await waitUntil(
    async () => {
      await server.query(
        'select pg_terminate_backend(active_pid) from pg_replication_slots where database = $1 and active',
        [database],
      );
      await server.query(
        'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active',
        [database],
      );
      const left = await server.query('select 1 from pg_replication_slots where database = $1', [database]);
      return left.length === 0;
    },
    { describe: `the slots of ${database} to be free and dropped` },
  );
}

function urlOf(base: string, change: { database?: string; user?: string; password?: string }): string {
  const url = new URL(base);
  if (change.database !== undefined) url.pathname = `/${change.database}`;
  if (change.user !== undefined) url.username = change.user;
  if (change.password !== undefined) url.password = change.password;
  return url.href;
}
