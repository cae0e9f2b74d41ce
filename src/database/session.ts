// One dedicated connection for bookkeeping, opened again when it breaks. Invariant: a statement whose answer was lost
// is repeated only after its old backend is gone, because a commit that is still pending is invisible to a reader.
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { backoffMs } from '../backoff.ts';
import { CopyIn } from './copy-in.ts';
import {
  requireSamePlace,
  ServerChangedError,
  ServerIsStandbyError,
  type ServerPlace,
} from '../server-changed.ts';

/**
 * Settings that hold on every connection of ours, whatever the role or the database says: all those with which Postgres writes
 * a value differently (test/service/settings-tried.pg.test.ts tries each it has), but for lc_monetary, which belongs to the data.
 */
export const pinnedSettings = {
  client_encoding: 'UTF8',
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  quote_all_identifiers: 'off',
  search_path: '',
} as const;

export interface ClientOptions {
  readonly databaseUrl: string;
  readonly applicationName: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * What to give to pg. `options` and `application_name` of the URL would win over ours, so they are taken out of it;
 * the URL's own options come first, ours after them.
 */
export function clientConfig({ databaseUrl, applicationName, settings }: ClientOptions): pg.ClientConfig {
  const url = new URL(databaseUrl);
  const ownOptions = url.searchParams.get('options');
  url.searchParams.delete('options');
  url.searchParams.delete('application_name');
  // A role's own timeout, meant for people, would end the connection again and again.
  const pairs = Object.entries({ statement_timeout: '0', ...pinnedSettings, ...settings });
  const ours = pairs.map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, String.raw`\$&`)}`);
  return {
    connectionString: url.href,
    application_name: applicationName,
    options: [...(ownOptions === null ? [] : [ownOptions]), ...ours].join(' '),
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  };
}

export interface SessionOptions extends ClientOptions {
  /** Told about each lost connection and failed attempt; `retryInMs` is when the next one is made. */
  onTrouble(error: Error, retryInMs: number): void;
  /** The server is there and takes no new connection now: it is shutting down or starting up. */
  onTurnedAway?(): void;
  /** Aborting ends all waiting: pending calls reject. */
  stop: AbortSignal;
  /** True: what it writes may be lost when Postgres crashes, and its commits wait for no disk. Never for the books. */
  readonly mayLoseCommits?: boolean;
}

interface Backend {
  readonly client: pg.Client;
  readonly pid: number;
  readonly startedAt: string;
  readonly place: ServerPlace;
  isLost: boolean;
}

/** No bookkeeping statement takes this long: past it the connection counts as dead, and its backend is ended. */
const longestAnswerMs = 30_000;

/** But for those that go through the whole backlog, which may be larger than what a disk reads in that time. */
export const longestScanMs = 3_600_000;

export interface TimedQuery extends pg.QueryConfig {
  /** As pg calls it: how long its answer may take. */
  readonly query_timeout?: number;
}

/** A bookkeeping connection's settings: short lock waits, and commits that are durable when they are answered. */
const bookkeepingSettings = {
  lock_timeout: '5s',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  client_min_messages: 'warning',
};

export class Session implements AsyncDisposable {
  readonly #options: SessionOptions;
  #backend: Backend | null = null;
  #opening: Promise<Backend> | null = null;
  #transactionOn: Backend | null = null;
  #lastTurn: Promise<unknown> = Promise.resolve();
  #warnings = 0;
  #askedAt: number | null = null;
  #applicationName: string;
  #place: ServerPlace | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#applicationName = options.applicationName;
  }

  /** Warnings that came with statements so far; a commit whose synchronous wait was cancelled ends with one. */
  get warnings(): number {
    return this.#warnings;
  }

  /** How long the statement that is under way has been waiting for its answer; 0 while there is none. */
  get unansweredMs(): number {
    return this.#askedAt === null ? 0 : performance.now() - this.#askedAt;
  }

  /** What is on the other side now. */
  async place(): Promise<ServerPlace> {
    return (await this.#open()).place;
  }

  /** From now on only this server will do: every call rejects with a ServerChangedError when another one answers, also this. */
  async pin(place: ServerPlace): Promise<void> {
    this.#place = place;
    requireSamePlace(place, await this.place());
  }

  /** The name under which a later leader finds this connection; kept for the next ones too. */
  async rename(applicationName: string): Promise<void> {
    this.#applicationName = applicationName;
    await this.query({ text: `select set_config('application_name', $1, false)`, values: [applicationName] });
  }

  /** One attempt on the current connection (opened if there is none); rejects with what pg says. */
  async query<R extends pg.QueryResultRow>(query: TimedQuery): Promise<pg.QueryResult<R>> {
    const backend = await this.#open();
    try {
      return await this.#inTurn(() => backend.client.query<R>(query));
    } catch (error) {
      if (!wasRefused(error)) lose(backend);
      throw error;
    }
  }

  /** `copy … from stdin (format binary)` with all of its data at once; as `query` otherwise. The buffer may be used again afterwards. */
  async copyIn(text: string, data: Buffer): Promise<void> {
    const backend = await this.#open();
    try {
      await this.#inTurn(async () => {
        const copy = new CopyIn(text, data);
        backend.client.query(copy);
        await copy.done;
      });
    } catch (error) {
      if (!wasRefused(error)) lose(backend);
      throw error;
    }
  }

  /** Statements that commit together, on one backend; rolled back when `action` throws. */
  async transaction<T>(action: () => Promise<T>, begin = 'begin'): Promise<T> {
    const backend = await this.#open();
    this.#transactionOn = backend;
    try {
      await this.query({ text: begin });
      const result = await action();
      await this.query({ text: 'commit' });
      return result;
    } catch (error) {
      if (!backend.isLost) await this.query({ text: 'rollback' }).catch(() => undefined);
      throw error;
    } finally {
      this.#transactionOn = null;
    }
  }

  /**
   * Runs a statement until its result is known. When the answer was lost, the old backend is ended and gone before
   * `wasDone` is asked on a new connection; it returns the result that the lost answer held, or null to repeat.
   */
  async settle<R extends pg.QueryResultRow>(
    query: pg.QueryConfig,
    wasDone: () => Promise<readonly R[] | null>,
  ): Promise<readonly R[]> {
    for (let attempt = 0; ; attempt++) {
      let sentOn: Backend | null = null;
      try {
        sentOn = await this.#open();
        const { client } = sentOn;
        return (await this.#inTurn(() => client.query<R>(query))).rows;
      } catch (error) {
        if (sentOn === null || wasRefused(error)) {
          await this.#troubled(error, attempt);
          continue;
        }
        lose(sentOn);
        await this.#troubled(error, attempt);
        await this.#untilGone(sentOn);
        const rows = await this.persist(wasDone);
        if (rows !== null) return rows;
      }
    }
  }

  /** Repeats something that may fail for want of a connection. Only for what does no harm when done twice. */
  async persist<T>(action: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await action();
      } catch (error) {
        await this.#troubled(error, attempt);
      }
    }
  }

  async #untilGone({ pid, startedAt }: Backend): Promise<void> {
    const gone = async (): Promise<boolean> => {
      const { rows } = await this.query({
        text: `select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz`,
        values: [pid, startedAt],
      });
      return rows.length === 0;
    };
    for (let attempt = 1; !(await this.persist(gone)); attempt++) {
      if (attempt % 100 === 0) {
        this.#options.onTrouble(
          new Error(`Postgres backend ${pid} does not end; nothing goes on before`),
          50,
        );
      }
      await pause(50, undefined, { signal: this.#options.stop });
    }
  }

  async #troubled(error: unknown, attempt: number): Promise<void> {
    this.#options.stop.throwIfAborted();
    if (error instanceof ServerChangedError) throw error;
    const retryInMs = backoffMs(attempt);
    this.#options.onTrouble(error instanceof Error ? error : new Error(String(error)), retryInMs);
    await pause(retryInMs, undefined, { signal: this.#options.stop });
  }

  // One statement at a time: pg gives up its own queue with version 9.
  async #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#lastTurn.then(async () => {
      this.#askedAt = performance.now();
      return await action().finally(() => (this.#askedAt = null));
    });
    this.#lastTurn = result.catch(() => undefined);
    return await result;
  }

  async #open(): Promise<Backend> {
    this.#options.stop.throwIfAborted();
    if (this.#transactionOn?.isLost === true) throw new Error('the connection was lost inside a transaction');
    if (this.#backend !== null && !this.#backend.isLost) return this.#backend;
    this.#opening ??= this.#connect().finally(() => (this.#opening = null));
    return await this.#opening;
  }

  async #connect(): Promise<Backend> {
    const settings = { ...bookkeepingSettings, ...this.#options.settings };
    const client = new pg.Client({
      ...clientConfig({ ...this.#options, applicationName: this.#applicationName, settings }),
      query_timeout: longestAnswerMs,
    });
    const lost = { isLost: false };
    client.on('error', () => (lost.isLost = true));
    client.on('end', () => (lost.isLost = true));
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number; startedAt: string }>(
        this.#options.mayLoseCommits === true ? asynchronousCommit : synchronousCommit,
      );
      const [row] = rows;
      if (row === undefined) throw new Error('pg_stat_activity does not show our own backend');
      const place = await readPlace(client);
      if (this.#place !== null) requireSamePlace(this.#place, place);
      this.#options.stop.throwIfAborted();
      // Only warnings come, whatever the server's language calls them (see client_min_messages). Those of the login itself, about
      // a collation's version for example, say nothing of a commit.
      client.on('notice', () => (this.#warnings += 1));
      this.#backend = Object.assign(lost, { client, place, pid: row.pid, startedAt: row.startedAt });
      return this.#backend;
    } catch (error) {
      client.end().catch(() => undefined);
      // the database system is shutting down
      if (error instanceof pg.DatabaseError && error.code === '57P03') this.#options.onTurnedAway?.();
      throw error;
    }
  }

  /** Cuts the connection, when its server may not answer any more: what waits for it rejects. */
  destroy(): void {
    this.#backend?.client.connection.stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const deadline = setTimeout(() => {
      this.destroy();
    }, 1_000);
    await this.#backend?.client.end().catch(() => undefined);
    clearTimeout(deadline);
    this.#backend = null;
  }
}

// With a statement on its way this also cuts the connection.
function lose(backend: Backend): void {
  backend.isLost = true;
  backend.client.end().catch(() => undefined);
}

// Codes with which a session ends or the server breaks, by class or whole.
const endsSession = /^(08|25P03|25P04|57P|58|XX)/;

/**
 * Whether the server answered that it did not do it; anything else leaves open whether it did. A server with translated
 * messages writes FEHLER for ERROR, so the code decides where the word does not.
 */
export function wasRefused(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  if (error.severity === 'ERROR') return true;
  return error.severity !== 'FATAL' && error.severity !== 'PANIC' && !endsSession.test(error.code ?? 'XX');
}

// Before anything else is said to it. A session that began on a standby would go on when that is promoted.
async function readPlace(client: pg.Client): Promise<ServerPlace> {
  const { rows } = await client.query<{ timeline: number | null; databaseOid: string }>(`
    select case when not pg_is_in_recovery()
                then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int4 end as timeline,
           oid::text as "databaseOid"
    from pg_catalog.pg_database where datname = current_database()`);
  const { timeline = null, databaseOid = '' } = rows[0] ?? {};
  if (timeline === null) throw new ServerIsStandbyError();
  const system = await client
    .query<{ id: string }>('select system_identifier::text as id from pg_catalog.pg_control_system()')
    .catch((error: unknown) => {
      // A hardened server keeps it from a login; the replication connection says it too.
      if (wasRefused(error)) return { rows: [] };
      throw error;
    });
  return { systemId: system.rows[0]?.id ?? null, timeline, databaseOid: Number(databaseOid) };
}

// A claim that a crash of Postgres can undo is no claim: whatever role or database say, at least `on`.
const synchronousCommit = `
  select pid, backend_start::text as "startedAt",
         set_config('synchronous_commit',
                    case when current_setting('synchronous_commit') = 'remote_apply' then 'remote_apply' else 'on' end, false)
  from pg_stat_activity where pid = pg_backend_pid()`;

const asynchronousCommit = `
  select pid, backend_start::text as "startedAt", set_config('synchronous_commit', 'off', false)
  from pg_stat_activity where pid = pg_backend_pid()`;
