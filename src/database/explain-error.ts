/**
 * What the server or the network said, as a message and what to check. Pure; the password of DATABASE_URL never appears,
 * because nothing is taken from the URL but host, port, database and user.
 */
import pg from 'pg';
import { ExitError, type Refusal } from '../exit-error.ts';

/** @throws {ExitError} for whatever the server or the connection refused; other errors pass unchanged. */
export async function explaining<T>(databaseUrl: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw explainDatabaseError(error, databaseUrl) ?? error;
  }
}

/** Returns null for an error that did not come from the server or the connection to it. */
export function explainDatabaseError(error: unknown, databaseUrl: string): ExitError | null {
  if (error instanceof ExitError) return error;
  if (error instanceof pg.DatabaseError) return explainServerError(error, databaseUrl);
  return explainConnectionError(error, databaseUrl);
}

function explainServerError(error: pg.DatabaseError, databaseUrl: string): ExitError {
  const { user, database } = describeUrl(databaseUrl);
  const remedies: Record<string, string> = {
    '28P01': `Check the user and the password in DATABASE_URL (user "${user}").`,
    '28000': `Check the user in DATABASE_URL ("${user}": it must exist and have LOGIN) and the server's pg_hba.conf.`,
    '3D000': `Check the database's name in DATABASE_URL ("${database}"), or create it: createdb ${database}`,
    '53300': 'The server has no connection left; close some, or raise max_connections.',
    '57P03': 'The server is starting or stopping; try again in a moment.',
    '25006':
      'Point DATABASE_URL to the primary: this server, or default_transaction_read_only, lets nobody write.',
    '55P03': 'Somebody holds the lock; try again when that transaction has ended.',
    '42501':
      `The role "${user}" may not do this: webhook commands need a member of rowhook_service; enable, disable, inspect and\n` +
      `status one of rowhook_dba (who owns the table); deliveries, losses, why and forget one of either; resend one of rowhook_service; install and uninstall one who may create roles.`,
  };
  const message = error.detail === undefined ? error.message : `${error.message}\n${error.detail}`;
  const remedy = error.hint ?? specialRemedy(error, databaseUrl) ?? remedies[error.code ?? ''];
  return new ExitError(message, { exitCode: 1, remedy, refusal: refusalOf(error), cause: error });
}

// A value that cannot be stored or breaks a rule; a name that is taken; a server that is shutting down, full or too slow now.
function refusalOf({ code = '' }: pg.DatabaseError): Refusal | undefined {
  if (code === '23505') return 'taken';
  if (/^(22|23)/.test(code) || code === '55000') return 'refused';
  // canceling statement due to statement timeout
  if (code === '57014') return 'slow';
  return /^(08|25006|40|53|55P03|57)/.test(code) ? 'unavailable' : undefined;
}

// Where one code has several causes: told apart by what no server translates.
function specialRemedy(
  { code, message, routine }: pg.DatabaseError,
  databaseUrl: string,
): string | undefined {
  // number of requested standby connections exceeds "max_wal_senders" (currently 10)
  const senders = /max_wal_senders\D+(\d+)/.exec(message)?.[1];
  if (code === '53300' && senders !== undefined) {
    return (
      'Every walsender is in use. See: select pid, application_name from pg_stat_replication; end one that nobody needs, or ' +
      `raise it: alter system set max_wal_senders = ${Number(senders) + 10}; and restart Postgres.`
    );
  }
  const { user, database } = describeUrl(databaseUrl);
  // no pg_hba.conf entry for host "10.0.0.5", user "rowhook", database "erp", no encryption
  if (code === '28000' && routine === 'ClientAuthentication' && !asksForTls(databaseUrl)) {
    return (
      `Where the server wants TLS, add it to DATABASE_URL: sslmode=verify-full. Otherwise check the user ("${user}": it must ` +
      "exist and have LOGIN) and the server's pg_hba.conf."
    );
  }
  // permission denied for database "erp"
  if (code === '42501' && routine === 'CheckMyDatabase') {
    return `grant connect on database ${pg.escapeIdentifier(database)} to ${pg.escapeIdentifier(user)};`;
  }
  // permission denied to start WAL sender; permission denied to use replication slots
  if (code === '42501' && ['InitPostgres', 'CheckSlotPermissions'].includes(routine ?? '')) {
    return `alter role ${pg.escapeIdentifier(user)} replication;`;
  }
  return undefined;
}

/** As `explainDatabaseError`, for what kept the connection from being made; null for what the server answered. */
export function explainConnectionError(error: unknown, databaseUrl: string): ExitError | null {
  if (!(error instanceof Error) || error instanceof pg.DatabaseError) return null;
  const { server } = describeUrl(databaseUrl);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = connectionProblems.find((each) => each.pattern.test(`${code} ${error.message}`));
  if (known === undefined) return null;
  return new ExitError(`${known.problem} (${server})`, {
    exitCode: 1,
    remedy: known.remedy,
    refusal: 'unavailable',
    cause: error,
  });
}

const checkHost = 'Check host and port in DATABASE_URL, and that Postgres runs and listens there.';
const connectionProblems = [
  {
    // ENOENT: no such file or directory, open '/etc/rowhook/authority.pem'
    pattern: /(ENOENT|EACCES|EISDIR).* (open|read)\b/,
    problem: 'a file named in DATABASE_URL (sslrootcert, sslcert, sslkey) cannot be read',
    remedy: 'Check its path, and that the service may read it.',
  },
  { pattern: /ECONNREFUSED|ENOENT/, problem: 'nothing listens where DATABASE_URL points', remedy: checkHost },
  { pattern: /ENOTFOUND|EAI_AGAIN/, problem: 'the host in DATABASE_URL has no address', remedy: checkHost },
  {
    // timeout exceeded when trying to connect; Connection terminated due to connection timeout; Query read timeout
    pattern: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timeout exceeded|connection timeout|Query read timeout/,
    problem: 'the database did not answer in time',
    remedy: `${checkHost} A firewall may be in between.`,
  },
  {
    // Connection terminated unexpectedly; Client was closed and is not queryable
    pattern: /ECONNRESET|EPIPE|Connection terminated|server closed|not queryable/,
    problem: 'the connection to the database was closed',
    remedy: 'See the log of the Postgres server, and try again.',
  },
  {
    // SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string
    pattern: /password must be a/,
    problem: 'the database asks for a password',
    remedy: 'Put it into DATABASE_URL: postgres://user:password@host:5432/database',
  },
  {
    pattern: /does not support SSL/,
    problem: 'the database does not speak TLS',
    remedy: 'Remove sslmode from DATABASE_URL, or turn ssl on in the server.',
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID/,
    problem: "the database's TLS certificate is for another name",
    remedy: 'In DATABASE_URL write the host as the certificate names it.',
  },
  {
    pattern: /SELF_SIGNED|UNABLE_TO_|CERT_|ERR_TLS/,
    problem: "the database's TLS certificate was not accepted",
    remedy:
      "Add its authority's file to DATABASE_URL: sslmode=verify-full&sslrootcert=/path/to/authority.pem\n" +
      '(sslmode=require verifies, too, unless uselibpqcompat=true stands beside it.)',
  },
];

function asksForTls(databaseUrl: string): boolean {
  const mode = new URL(databaseUrl).searchParams.get('sslmode');
  return mode !== null && mode !== 'disable';
}

function describeUrl(databaseUrl: string): { server: string; user: string; database: string } {
  const url = new URL(databaseUrl);
  const database = decodeURIComponent(url.pathname.slice(1));
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname);
  const user = decodeURIComponent(url.username);
  return { server: `${host || 'localhost'}:${url.port || '5432'}`, user, database: database || user };
}
