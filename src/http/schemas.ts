// What goes in and comes out, as zod schemas: requests are checked with them, and the OpenAPI document describes them.
import { z } from 'zod';
import { breakerModes } from '../breaker-settings.ts';
import { needsAttentionFirst } from '../webhook-health.ts';

const outcomeNames = ['delivered', 'rejected', 'failed', 'interrupted', 'dropped'] as const;

/** What Postgres can store: no zero byte, no half of a surrogate pair. */
function text(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), {
      error: 'it holds a character that no text in Postgres can have',
      abort: true,
    });
}

const id = text(128).regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/, {
  error: 'letters, digits, "_", ".", ":" and "-", the first a letter or digit',
});
const name = text(200).regex(/\S/, { error: 'it is empty' });
const time = z.iso.datetime().nullable();
const count = z.int();

const triggers = {
  onInsert: z.boolean(),
  onUpdate: z.boolean(),
  onDelete: z.boolean(),
  onTruncate: z.boolean().meta({ description: 'The whole table was emptied; the payload has no row' }),
};

const sending = {
  breaker: z
    .enum(breakerModes)
    .nullable()
    .meta({ description: 'After many failures in a row: off, wait or drop; null: as ROWHOOK_BREAKER says' }),
  concurrency: z
    .int()
    .min(1)
    .max(100)
    .nullable()
    .meta({ description: 'POSTs that may be out at a time; null: 32' }),
};

const pauseReason = text(500);

export const webhookId = z.object({ id: id.meta({ description: "The webhook's id" }) });

export const newWebhook = z.strictObject({
  id: id.optional().meta({ description: 'Made up where it is left out' }),
  companyId: text(200)
    .min(1)
    .nullish()
    .meta({ description: "Whose rows it gets; a company's token stands for its own" }),
  allCompanies: z
    .boolean()
    .optional()
    .meta({ description: "The rows of all; for the operator's token only" }),
  name,
  table: text(200).min(1).meta({ description: 'The name under which the table is enabled' }),
  url: text(4096).min(1).meta({ description: 'http or https, no user:password' }),
  onInsert: triggers.onInsert.optional(),
  onUpdate: triggers.onUpdate.optional(),
  onDelete: triggers.onDelete.optional(),
  onTruncate: triggers.onTruncate.optional(),
  active: z.boolean().optional(),
  pauseReason: pauseReason
    .nullish()
    .meta({ description: 'Why it is paused, for people; empties when it is active again' }),
  breaker: sending.breaker.optional(),
  concurrency: sending.concurrency.optional(),
});

const { id: _id, companyId: _companyId, allCompanies: _allCompanies, ...changeable } = newWebhook.shape;

export const webhookChanges = z
  .strictObject(changeable)
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, {
    error: 'nothing to change: name at least one field',
  });

const countedSince = time.meta({
  description: 'Since when it was counted, if that is less than an hour ago; null: the whole hour',
});

/** Of the process that answers: a standby has none. */
const activity = {
  since: countedSince,
  failuresInRow: count.meta({ description: 'Since the last that was delivered' }),
  failingSince: time,
  lastFailureMs: z.number().nullable(),
};

const perMinute = z.object({
  delivered: z.array(count),
  failed: z.array(count),
});

export const webhook = z.object({
  id: z.string(),
  version: count.meta({ description: 'Grows with every change; the ETag' }),
  name: z.string(),
  table: z.string(),
  url: z.string(),
  ...triggers,
  active: z.boolean(),
  pauseReason: z.string().nullable(),
  ...sending,
  companyId: z.string().nullable(),
  allCompanies: z.boolean(),
  health: z
    .string()
    .meta({ description: 'failing, breaker open, table disabled, catching up, paused, recovered, ok, idle' }),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  claimedCount: count.meta({ description: 'Deliveries begun: successCount + errorCount once it is idle' }),
  successCount: count,
  errorCount: count,
  missedCount: count.meta({ description: 'Committed while it was paused: never sent' }),
  backlogCount: count,
  backlogSince: time,
  breakerSince: time,
  breakerProbeAt: time,
  lastSuccessAt: time,
  lastErrorAt: time,
  lastError: z.string().nullable(),
});

export const webhookNow = webhook.extend({
  activity: z
    .object({ ...activity, lastHour: perMinute })
    .nullable()
    .meta({
      description:
        'What came of its deliveries in each of the last sixty minutes, oldest first, as the process that leads has counted them; null: this one does not lead, or the list was not asked with `activity=true`',
    }),
});

export const testResult = z.object({
  isDelivered: z.boolean(),
  outcome: z.string().meta({ description: 'delivered 200, rejected 503 …, timeout …' }),
  status: count.nullable(),
  dnsMs: z.number().nullable(),
  connectMs: z.number().nullable(),
  tlsMs: z.number().nullable(),
  firstByteMs: z.number().nullable(),
  totalMs: z.number(),
  answer: z
    .string()
    .nullable()
    .meta({ description: 'Its first 4 KiB; null: none, or of a target that is not public' }),
  sentBody: z.string(),
  sample: z
    .enum(['delivery log', 'table', 'columns'])
    .meta({ description: 'Where the row comes from; columns: made up' }),
});

export const nothing = z.strictObject({});

export const table = z.object({
  name: z.string().meta({ description: 'What webhooks and payloads call it' }),
  module: z.string().nullable(),
  label: z.string().nullable(),
  enabled: z.boolean(),
  relation: z
    .string()
    .optional()
    .meta({ description: "With its schema; this and what follows is the operator's" }),
  companyColumn: z.string().nullable().optional(),
  replicaIdentity: z.string().optional(),
  logsBodies: z.boolean().optional().meta({ description: 'Whether the delivery log keeps what was sent' }),
});

export const tableName = z.object({
  name: text(200).min(1).meta({ description: 'By the name it was enabled under' }),
});

export const tableCheck = z.object({
  check: z.string(),
  status: z.enum(['ok', 'warn', 'fail']),
  detail: z.string(),
  remedy: z.string().nullable().meta({ description: 'A statement that mends it' }),
});

const counted = z.object({ count, since: countedSince }).nullable().meta({
  description:
    "null: not known, for no webhook of the table asks for what tells it; for a company's token also where none of its own does",
});

export const tableActivity = z.object({
  isLeading: z.boolean().meta({ description: 'False: this process is a standby, and knows none of it' }),
  lagMs: z.number().nullable().meta({
    description: 'How far what is read, and counted, is behind what is committed; null: nothing was read yet',
  }),
  inserts: counted,
  updates: counted,
  deletes: counted,
  truncates: counted,
});

export const deliveryParams = z.object({
  id: text(40).meta({ description: "The delivery's id, as lists of deliveries have it" }),
});

export const delivery = z.object({
  id: z.string().meta({ description: 'Of this row of the log' }),
  at: z.string().meta({
    description: 'When the attempt ended, in UTC, to the microsecond; of what was sent again, when it began',
  }),
  resendOf: z
    .string()
    .nullable()
    .meta({ description: 'The id of what somebody had sent again with this; null: a delivery' }),
  webhookId: z.string(),
  companyId: z.string().nullable(),
  changeId: z.string(),
  table: z.string(),
  key: z.string().nullable(),
  oldKey: z.string().nullable(),
  type: z.string().nullable(),
  attempt: count,
  outcome: z.string().meta({ description: 'delivered, rejected, failed, interrupted or dropped' }),
  class: z.string().nullable(),
  status: count.nullable(),
  detail: z.string().nullable(),
  dnsMs: z.number().nullable(),
  connectMs: z.number().nullable(),
  tlsMs: z.number().nullable(),
  firstByteMs: z.number().nullable(),
  totalMs: z.number().nullable(),
  bodyBytes: count.nullable(),
  body: z
    .string()
    .nullable()
    .optional()
    .meta({ description: 'What was sent, where it was asked for; null: not kept' }),
  answer: z
    .string()
    .nullable()
    .optional()
    .meta({ description: 'Its first 4 KiB, likewise; null: none, or not kept' }),
});

export const foundDelivery = delivery.extend({
  body: z.string().nullable().meta({ description: 'Exactly what was sent, or was to be' }),
  bodyAbsence: z.string().nullable().meta({ description: 'Why the log has no body; null: it has' }),
  answer: z
    .string()
    .nullable()
    .meta({ description: 'Its first 4 KiB; null: none, not kept, or of a target that is not public' }),
  others: z.array(delivery).meta({
    description: 'Of the same change to the same webhook, newest first: what it repeats, and what repeats it',
  }),
});

export const resent = z.object({
  deliveryId: z.string().meta({ description: 'What was sent again' }),
  id: z.string().nullable().meta({ description: "The resend's own row in the log; null: nothing was sent" }),
  changeId: z.string(),
  key: z.string().nullable(),
  isDelivered: z.boolean(),
  outcome: z
    .string()
    .nullable()
    .meta({ description: 'delivered 200, rejected 503 …, timeout …; null: nothing was sent' }),
  status: count.nullable(),
  totalMs: z.number().nullable(),
  refusal: z.string().nullable().meta({ description: 'Why nothing was sent; null: it was' }),
  isSentElsewhere: z.boolean().meta({
    description: 'Nothing was sent because another resend, asked for at the same time, had it: no failure',
  }),
});

// With its offset it may lie in a year that Postgres does not read.
export const moment = z.iso
  .datetime({ offset: true })
  .refine((value) => /^(?!0000)\d{4}-/.test(new Date(value).toJSON()), {
    error: 'a time in the years 0001 to 9999, such as 2026-01-31T10:00:00Z',
  });

export const resendRange = z
  .strictObject({
    since: moment.optional().meta({ description: 'Those that ended from this moment on' }),
    until: moment.optional().meta({ description: 'And before this one; left out: until now' }),
    outcomes: z
      .array(z.enum(outcomeNames))
      .min(1)
      .max(5)
      .optional()
      .meta({ description: 'Left out: all but delivered' }),
    reason: text(100)
      .min(1)
      .optional()
      .meta({ description: 'timeout, refused, interrupted, breaker_open, …' }),
    loss: z.int().min(1).optional().meta({ description: 'Instead of all of these: what this loss names' }),
    dryRun: z.boolean().optional().meta({ description: 'Only count them, and send nothing' }),
  })
  .refine(({ since, loss: ledger }) => (since === undefined) !== (ledger === undefined), {
    error: 'give either since or loss: what is to be sent again?',
  })
  .refine(
    ({ loss: ledger, until, outcomes: some, reason }) =>
      ledger === undefined || (until ?? some ?? reason) === undefined,
    {
      error: 'a loss names what is sent: until, outcomes and reason do not go with it',
    },
  );

export const resentPage = z.object({
  count: count.nullable().meta({ description: 'Of a dry run: how many would be sent again' }),
  withoutBody: count
    .nullable()
    .meta({ description: 'Of a dry run: of how many of them the log has no body' }),
  data: z.array(resent).meta({ description: 'Oldest first' }),
  nextCursor: z.string().nullable().meta({
    description: 'For the next page, of a dry run for the first; null: this is the last, or there is none',
  }),
});

/** Of what is sent again in one request. */
export const resendPaging = {
  limit: z.coerce.number().int().min(1).max(100).default(100),
  cursor: text(400).optional().meta({ description: 'nextCursor of the page before' }),
};

export const loss = z.object({
  id: count,
  at: z.iso.datetime(),
  webhookId: z.string().nullable(),
  companyId: z.string().nullable(),
  table: z.string().nullable(),
  reason: z.string(),
  count: count.nullable().meta({ description: 'null: unknown, a gap in the log' }),
  fromPosition: z.string().nullable(),
  toPosition: z.string().nullable(),
  detail: z.string().nullable(),
});

export const status = z.object({
  ok: z.boolean(),
  at: z.iso.datetime().meta({
    description: 'When it was looked at: those who ask at the same time share an answer',
  }),
  leader: z
    .object({
      term: count.nullable(),
      host: z.string().nullable(),
      pid: count.nullable(),
      since: z.iso.datetime().nullable(),
    })
    .nullable()
    .meta({ description: 'null: nobody leads' }),
  standbys: z.array(
    z.object({
      process: z.string().meta({ description: 'Its pid and host' }),
      clientAddress: z.string().nullable(),
    }),
  ),
  checks: z.array(
    z.object({
      group: z.enum(['server', 'slot', 'tables', 'deliveries']),
      check: z.string(),
      status: z.enum(['ok', 'warn', 'fail']),
      detail: z.string(),
      remedy: z.string().nullable().meta({ description: 'What mends it' }),
    }),
  ),
});

export const record = z.strictObject({
  table: text(200).min(1).meta({ description: 'By the name it was enabled under' }),
  key: text(2_000).meta({ description: "The record's key; of several columns: (a,b)" }),
});

export const explanation = z.object({
  table: z.string(),
  key: z.string(),
  notes: z.array(z.string()).meta({ description: 'What holds for all of it, and how far back the log goes' }),
  changes: z.array(
    z.object({
      changeId: z.string(),
      at: z.string(),
      type: z.string().nullable(),
      omitted: count.meta({ description: 'Further webhooks of the table that got nothing of it' }),
      decisions: z.array(
        z.object({
          webhookId: z.string(),
          webhookName: z
            .string()
            .nullable()
            .meta({ description: 'null: it is deleted, or watches another table now' }),
          companyId: z.string().nullable(),
          reason: z.string(),
          sentence: z.string(),
          isResend: z.boolean().meta({ description: 'Somebody had it sent again' }),
        }),
      ),
    }),
  ),
});

export function pageOf(item: z.ZodObject): z.ZodObject {
  return z.object({
    data: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'For the next page; null: this is the last' }),
  });
}

/** Rows of a page at most; with bodies, of which each may have 1 MiB, far fewer. */
export const maxPage = 1_000;
export const maxPageOfBodies = 20;

export const paging = {
  limit: z.coerce.number().int().min(1).max(maxPage).default(100),
  cursor: text(400).optional().meta({ description: 'nextCursor of the page before' }),
};

export const filters = {
  company: text(200).min(1).optional().meta({ description: "Only this company's" }),
  table: text(200).min(1).optional(),
  webhook: text(128).min(1).optional(),
  since: moment.optional().meta({ description: 'From this moment on, such as 2026-01-31T10:00:00Z' }),
};

export const webhookFilters = {
  company: filters.company,
  table: filters.table,
  health: z
    .union([z.enum(needsAttentionFirst), z.array(z.enum(needsAttentionFirst))])
    .optional()
    .meta({ description: 'Only these; may be given several times' }),
  search: text(200).min(1).optional().meta({ description: 'In name, id, company, table and host' }),
};

const outcome = `(?:${outcomeNames.join('|')})`;

export const outcomes = z
  .string()
  .regex(new RegExp(`^${outcome}(?:,${outcome}){0,4}$`), {
    error: 'one or more of delivered, rejected, failed, interrupted and dropped, separated by commas',
  })
  .optional()
  .meta({
    description: 'delivered, rejected, failed, interrupted, dropped: one or more, separated by commas',
  });

export const recordKey = text(2_000)
  .optional()
  .meta({ description: "The record's key; of several columns: (a,b)" });
export const lossId = z.coerce
  .number()
  .int()
  .min(1)
  .optional()
  .meta({ description: 'Only this row of the ledger' });
export const lossReason = text(100).optional().meta({ description: 'timeout, interrupted, deleted, …' });

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  remedy: z
    .string()
    .optional()
    .meta({ description: "What mends it, by rowhook's own command; for the operator" }),
  errors: z.array(z.object({ at: z.string(), problem: z.string() })).optional(),
});
