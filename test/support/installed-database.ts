/**
 * A database in which rowhook is installed as in production: by a DBA who owns the database and the application's tables,
 * with a login for the service and one for the application. None of the three is a superuser.
 */
import { install } from '../../src/database/install.ts';
import { createDatabase, type Login, type TestDatabase } from './database.ts';
import { QueryPool, type Queryable } from './queryable.ts';

export interface InstalledDatabase extends TestDatabase {
  /** The superuser, for what no login may do: only to look, and to break things. */
  readonly admin: Queryable;
  /** Installed rowhook, owns the database and every table it creates, member of rowhook_dba. */
  readonly dba: Login;
  /** LOGIN REPLICATION, member of rowhook_service. */
  readonly service: Login;
  /** Reads and writes the tables of `dba`, member of rowhook_app without a company. */
  readonly app: Login;
  /** The application's login with rowhook.company_id set, on connections of its own. */
  appAs(companyId: string): Queryable;
  readonly adminUrl: string;
  readonly dbaUrl: string;
  readonly serviceUrl: string;
  readonly appUrl: string;
}

export async function createInstalledDatabase(
  adminUrl?: string,
  encoding?: string,
): Promise<InstalledDatabase> {
  const database = await createDatabase(adminUrl, encoding);
  try {
    return await installInto(database);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

async function installInto(database: TestDatabase): Promise<InstalledDatabase> {
  await createGroupRoles(database);
  const dba = await database.createLogin({
    name: 'dba',
    attributes: 'createrole',
    memberOf: ['rowhook_dba'],
  });
  await database.query(`alter database ${database.name} owner to ${dba.role}`);
  await install({ databaseUrl: dba.url, log: () => undefined });
  const [service, app] = [
    await database.createLogin({ name: 'service', attributes: 'replication', memberOf: ['rowhook_service'] }),
    await database.createLogin({ name: 'app', memberOf: ['rowhook_app'] }),
  ];
  await dba.query(`alter default privileges grant select, insert, update, delete on tables to ${app.role}`);
  await dba.query(`alter default privileges grant usage on sequences to ${app.role}`);
  await dba.query(`alter default privileges grant usage on schemas to ${app.role}`);
  return withLogins(database, { dba, service, app });
}

/**
 * The group roles belong to the cluster: another database's DBA may have created them already, and from Postgres 16 on
 * only that one, or a superuser, can then make others members.
 */
async function createGroupRoles(database: Queryable): Promise<void> {
  for (const role of ['rowhook_service', 'rowhook_dba', 'rowhook_app']) {
    await database.query(`
      do $$ begin
        create role ${role} nologin;
      exception when duplicate_object or unique_violation then null;
      end $$`);
  }
}

function withLogins(
  database: TestDatabase,
  { dba, service, app }: { dba: Login; service: Login; app: Login },
): InstalledDatabase {
  const companies = new AsyncDisposableStack();
  return {
    name: database.name,
    url: database.url,
    query: (sql, params) => database.query(sql, params),
    connect: (url) => database.connect(url),
    createLogin: (options) => database.createLogin(options),
    loginUrl: (role) => database.loginUrl(role),
    admin: database,
    dba,
    service,
    app,
    appAs: (companyId) => companies.use(new QueryPool(withCompany(app.url, companyId))),
    adminUrl: database.url,
    dbaUrl: dba.url,
    serviceUrl: service.url,
    appUrl: app.url,
    [Symbol.asyncDispose]: async () => {
      await companies.disposeAsync();
      await database[Symbol.asyncDispose]();
    },
  };
}

function withCompany(appUrl: string, companyId: string): string {
  const url = new URL(appUrl);
  // In `options` a backslash protects a space, and itself.
  url.searchParams.set('options', `-c rowhook.company_id=${companyId.replace(/[\\\s]/g, '\\$&')}`);
  return url.href;
}
