/** What only reads needs of a connection: a Session and pg's own client both are one. */
export interface Queries {
  query<R extends object>(query: {
    readonly name?: string;
    readonly text: string;
    readonly values?: unknown[];
    readonly query_timeout?: number;
  }): Promise<{ readonly rows: R[] }>;
}
