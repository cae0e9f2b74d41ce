/**
 * The tables and views of schema `rowhook` that kysely queries touch: one description, read by the compiler as row types
 * and by a test that compares it with a live database. `null` and `default` stand as in SQL.
 */
import type { ColumnType } from 'kysely';

export const describedTables = {
  subscribable_table: {
    name: 'text',
    schema_name: 'text',
    relation_name: 'text',
    company_column: 'text null',
    module: 'text null',
    label: 'text null',
    enabled: 'boolean',
    replica_identity: 'text',
    log_bodies: 'boolean default',
    created_at: 'timestamptz default',
    updated_at: 'timestamptz default',
  },
  webhook: {
    id: 'text default',
    uid: 'bigint default',
    revision: 'bigint default',
    company_id: 'text null default',
    all_companies: 'boolean default',
    name: 'text',
    table_name: 'text',
    url: 'text',
    on_insert: 'boolean default',
    on_update: 'boolean default',
    on_delete: 'boolean default',
    on_truncate: 'boolean default',
    active: 'boolean default',
    pause_reason: 'text null',
    breaker: 'text null',
    concurrency: 'integer null',
    created_at: 'timestamptz default',
    created_by: 'text default',
    updated_at: 'timestamptz default',
    updated_by: 'text default',
  },
  loss: {
    id: 'bigint default',
    uid: 'bigint null',
    webhook_id: 'text null',
    company_id: 'text null',
    table_name: 'text null',
    reason: 'text',
    count: 'bigint null',
    from_position: 'text null',
    to_position: 'text null',
    detail: 'text null',
    at: 'timestamptz default',
  },
  fence: { writer: 'text', term: 'bigint' },
  delivery: {
    at: 'timestamptz',
    uid: 'bigint',
    webhook_id: 'text',
    company_id: 'text null',
    change_id: 'text',
    table_name: 'text',
    key: 'text null',
    old_key: 'text null',
    type: 'text null',
    attempt: 'integer',
    resend_of: 'timestamptz null',
    outcome: 'text',
    class: 'text null',
    status: 'integer null',
    detail: 'text null',
    dns_ms: 'real null',
    connect_ms: 'real null',
    tls_ms: 'real null',
    first_byte_ms: 'real null',
    total_ms: 'real null',
    body_bytes: 'integer null',
    answer: 'text null',
    body: 'text null',
  },
} as const;

export const describedViews = {
  webhook_health: {
    health: 'text',
    id: 'text',
    revision: 'bigint',
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
    company_id: 'text null',
    all_companies: 'boolean',
    name: 'text',
    table_name: 'text',
    url: 'text',
    on_insert: 'boolean',
    on_update: 'boolean',
    on_delete: 'boolean',
    on_truncate: 'boolean',
    active: 'boolean',
    pause_reason: 'text null',
    breaker: 'text null',
    concurrency: 'integer null',
    claimed_count: 'bigint',
    success_count: 'bigint',
    error_count: 'bigint',
    missed_count: 'bigint',
    last_success_at: 'timestamptz null',
    last_error_at: 'timestamptz null',
    last_error: 'text null',
    backlog_count: 'bigint',
    backlog_since: 'timestamptz null',
    breaker_since: 'timestamptz null',
    breaker_probe_at: 'timestamptz null',
  },
} as const;

interface Values {
  text: string;
  boolean: boolean;
  bigint: number;
  integer: number;
  real: number;
  timestamptz: Date;
}

type Value<Description extends string> = Description extends `${infer Type} ${infer Rest}`
  ? Value<Type> | (Rest extends `null${string}` ? null : never)
  : Description extends keyof Values
    ? Values[Description]
    : never;

type Column<Description extends string> = ColumnType<
  Value<Description>,
  Value<Description> | (Description extends `${string} ${string}` ? undefined : never),
  Value<Description>
>;

type Tables<Descriptions extends Record<string, Record<string, string>>> = {
  [Table in keyof Descriptions]: {
    [Name in keyof Descriptions[Table]]: Column<Descriptions[Table][Name]>;
  };
};

export type RowhookSchema = Tables<typeof describedTables> & Tables<typeof describedViews>;
