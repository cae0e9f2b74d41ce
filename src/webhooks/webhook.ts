// A webhook and a subscribable table as rows of rowhook's configuration: one schema for both ways they arrive, text values
// from the log and JSON from a query.
import { z } from 'zod';
import { breakerModes, type BreakerMode } from '../breaker-settings.ts';

const flag = z.union([z.boolean(), z.enum(['t', 'f'])]).transform((value) => value === true || value === 't');
const integer = z.union([z.string(), z.number(), z.bigint()]).transform((value) => BigInt(value));

const webhookRow = z.object({
  uid: integer,
  revision: integer,
  id: z.string(),
  company_id: z.string().nullable(),
  all_companies: flag,
  name: z.string(),
  table_name: z.string(),
  url: z.string(),
  on_insert: flag,
  on_update: flag,
  on_delete: flag,
  on_truncate: flag,
  active: flag,
  // Later columns: a version that was stored before them lacks them.
  breaker: z.enum(breakerModes).nullish(),
  concurrency: z.coerce.number().int().nullish(),
});

const tableRow = z.object({
  name: z.string(),
  schema_name: z.string(),
  relation_name: z.string(),
  company_column: z.string().nullable(),
  enabled: flag,
  // Versions that were stored by an earlier release lack it.
  log_bodies: flag.default(true),
});

/** `uid` is never used again; `revision` grows with every update of the row, so the newer of two versions is known. */
export interface Webhook {
  readonly uid: bigint;
  readonly revision: bigint;
  readonly id: string;
  readonly companyId: string | null;
  readonly isForAllCompanies: boolean;
  readonly name: string;
  readonly tableName: string;
  readonly url: string;
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  readonly onDelete: boolean;
  readonly onTruncate: boolean;
  readonly isActive: boolean;
  readonly sending: SendingOptions;
}

/** How it is sent to; null: as the operator chose for all. The newest row decides, as it does for the URL. */
export interface SendingOptions {
  readonly breaker: BreakerMode | null;
  /** POSTs at a time. */
  readonly concurrency: number | null;
}

export interface SubscribableTable {
  readonly name: string;
  readonly schema: string;
  readonly relation: string;
  /** null: rows of this table belong to no company. */
  readonly companyColumn: string | null;
  readonly isEnabled: boolean;
  /** Whether the delivery log may keep bodies and answers. */
  readonly logsBodies: boolean;
}

/** A configuration row as a plain object of its columns; null stands for "deleted". */
export type ConfigurationRow = Readonly<Record<string, unknown>>;

/** One version of one configuration row: what it became with the commit that it belongs to. */
export interface ConfigurationChange {
  readonly kind: 'webhook' | 'table';
  /** The webhook's uid or the table's name. */
  readonly key: string;
  readonly row: ConfigurationRow | null;
}

/** Throws a ZodError naming the columns when the row is not one of this release's schema. */
export function parseWebhook(row: ConfigurationRow): Webhook {
  const w = webhookRow.parse(row);
  return {
    uid: w.uid,
    revision: w.revision,
    id: w.id,
    companyId: w.company_id,
    isForAllCompanies: w.all_companies,
    name: w.name,
    tableName: w.table_name,
    url: w.url,
    onInsert: w.on_insert,
    onUpdate: w.on_update,
    onDelete: w.on_delete,
    onTruncate: w.on_truncate,
    isActive: w.active,
    sending: { breaker: w.breaker ?? null, concurrency: w.concurrency ?? null },
  };
}

/** Throws a ZodError naming the columns when the row is not one of this release's schema. */
export function parseTable(row: ConfigurationRow): SubscribableTable {
  const t = tableRow.parse(row);
  return {
    name: t.name,
    schema: t.schema_name,
    relation: t.relation_name,
    companyColumn: t.company_column,
    isEnabled: t.enabled,
    logsBodies: t.log_bodies,
  };
}
