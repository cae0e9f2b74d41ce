/** Queries of one login. Every value arrives as the text that Postgres prints (`t`, `42`, `2026-01-31`), or null. */
import pg from 'pg';

export type TextRow = Record<string, string | null>;

export interface Queryable {
  readonly url: string;
  /** Several statements at once are possible without params; the last one's rows are returned. */
  query<T = TextRow>(sql: string, params?: readonly unknown[]): Promise<T[]>;
}

export interface Session extends Queryable, AsyncDisposable {
  /** The backend's process id, for pg_terminate_backend and pg_stat_activity. */
  readonly pid: number;
}

const AS_TEXT = { getTypeParser: () => String };

/** Connects when first asked; heals by itself after Postgres restarted. */
export class QueryPool implements Queryable, AsyncDisposable {
  readonly url: string;
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.url = url;
    this.#pool = new pg.Pool({ connectionString: url, max: 4, types: AS_TEXT, allowExitOnIdle: true });
    this.#pool.on('error', () => undefined);
  }

  async query<T = TextRow>(sql: string, params?: readonly unknown[]): Promise<T[]> {
    return lastRows<T>(await this.#pool.query(sql, params === undefined ? undefined : [...params]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

/** One connection, for transactions that stay open while others work. */
export async function connect(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url, types: AS_TEXT });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: string }>('select pg_backend_pid() as pid');
  return {
    url,
    pid: Number(rows[0]?.pid),
    query: async <T = TextRow>(sql: string, params?: readonly unknown[]) =>
      lastRows<T>(await client.query(sql, params === undefined ? undefined : [...params])),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

function lastRows<T>(result: unknown): T[] {
  const last: unknown = Array.isArray(result) ? result.at(-1) : result;
  return (last as pg.QueryResult & { rows: T[] }).rows;
}
