// What the API needs of the rest of the service, as functions. `companyId`: for this company only, which the database enforces; null: for all.
import type { WebhookActivity } from '../activity.ts';
import type { DeliveryFilter, ListedDelivery } from '../database/deliveries.ts';
import type { FoundDelivery } from '../database/logged-delivery.ts';
import type { FeedAnswer, FeedAsk, Totals } from '../database/feed.ts';
import type { ListedLoss, LossFilter } from '../database/losses.ts';
import type { SubscribableTable, TableCheck } from '../database/tables.ts';
import type { TableActivity } from '../table-activity.ts';
import type { VitalSample } from '../vital-signs.ts';
import type {
  ListedWebhook,
  NewWebhook,
  WebhookChanges,
  WebhookFilter,
  WebhookPage,
} from '../database/webhooks.ts';

/** What of a webhook decides what is sent, and where to. */
export interface Tested {
  readonly table: string;
  readonly companyId: string | null;
  readonly url: string;
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  readonly onDelete: boolean;
}

/** Which deliveries of a webhook are to be sent again: those of a stretch of time, or what a loss names. */
export type ResendMany =
  | {
      /** ISO 8601. */
      readonly since: string;
      readonly until: string;
      /** Absent: all but `delivered`. */
      readonly outcomes?: readonly string[] | undefined;
      readonly reason?: string | undefined;
    }
  | { readonly loss: number };

/** A page of what is to be sent again. */
export interface ResendRequest {
  readonly webhook: string;
  readonly wanted: ResendMany;
  readonly page: { readonly after: string | null; readonly limit: number; readonly signal: AbortSignal };
  /** Nothing is sent, only counted. */
  readonly isDry: boolean;
}

export interface ResendAnswer {
  /** How many there are, and of how many the log has no body: when nothing is sent. */
  readonly count: number | null;
  readonly withoutBody: number | null;
  readonly data: readonly object[];
  /** Behind these; when nothing is sent, whether there is anything. */
  readonly hasMore: boolean;
  readonly last: string | null;
}

/** Of the replication slot, in bytes; null: not known, or without a limit. */
export interface SlotMetrics {
  readonly active: boolean;
  readonly walStatus: string | null;
  readonly lagBytes: number | null;
  readonly retainedBytes: number | null;
  readonly safeWalBytes: number | null;
}

/** What changes by the second. */
export interface LiveStatus {
  readonly at: string;
  readonly leader: object | null;
  readonly standbys: readonly object[];
  readonly slot: SlotMetrics | null;
  readonly totals: Totals;
}

/** Of the process that answers. */
export interface Vitals {
  /** False: it is a standby, or waits for the database; it knows nothing of lag and rates. */
  readonly isLeading: boolean;
  readonly lagMs: number | null;
  readonly inFlight: number;
  readonly waiting: number;
  readonly backlogDeliveries: number;
  readonly backlogBytes: number;
  readonly openBreakers: number;
  readonly slowEndpoints: number;
  /** Null: it is not there. */
  readonly slot: SlotMetrics | null;
  /** Oldest first. */
  readonly samples: readonly VitalSample[];
}

export interface Overview {
  readonly webhooks: readonly { readonly health: string; readonly count: number }[];
  /** Of the last hour; `count` null: unknown, a gap in the log. */
  readonly losses: readonly { readonly reason: string; readonly count: number | null }[];
}

/** Of the process that answers, if it leads. */
export interface TableHour extends TableActivity {
  /** How far what is read is behind what is committed; null: nothing was read yet. */
  readonly lagMs: number | null;
}

/** Each rejects with an ExitError whose `refusal` says what the caller is told. */
export interface ApiParts {
  listWebhooks(companyId: string | null, filter: WebhookFilter, page: WebhookPage): Promise<ListedWebhook[]>;
  /** Null: this process does not lead, and knows nothing of it. */
  activityOf(webhook: ListedWebhook): WebhookActivity | null;
  findWebhook(companyId: string | null, id: string): Promise<ListedWebhook>;
  createWebhook(companyId: string | null, webhook: NewWebhook): Promise<ListedWebhook>;
  updateWebhook(
    companyId: string | null,
    id: string,
    changes: WebhookChanges,
    revision: number | undefined,
  ): Promise<ListedWebhook>;
  deleteWebhook(companyId: string | null, id: string, revision: number | undefined): Promise<void>;
  /** One POST now, by the code that sends deliveries; counted nowhere. */
  testSend(companyId: string | null, webhook: Tested): Promise<object>;
  /** Bodies and answers are there when they are wanted and the service's login may see them. */
  listDeliveries(
    companyId: string | null,
    filter: DeliveryFilter,
    wantsBodies: boolean,
  ): Promise<ListedDelivery[]>;
  findDelivery(companyId: string | null, id: string): Promise<FoundDelivery>;
  /** One POST now of what the log has, by the code that sends deliveries; in the log, and counted nowhere. */
  resend(companyId: string | null, id: string): Promise<object>;
  /** Many of one webhook, a page at a time; `last` is the place in the log of the last one so far, null: there was none yet. */
  resendMany(companyId: string | null, request: ResendRequest): Promise<ResendAnswer>;
  listLosses(companyId: string | null, filter: LossFilter): Promise<ListedLoss[]>;
  /** What became of a record's changes. */
  why(companyId: string | null, record: { readonly table: string; readonly key: string }): Promise<object>;
  listTables(companyId: string | null): Promise<SubscribableTable[]>;
  /** Null: this process does not lead. `ofCompany` null: of the rows of all; a company is told of its own, and of what its webhooks ask for. */
  tableActivity(companyId: string | null, name: string, ofCompany: string | null): Promise<TableHour | null>;
  /** How many webhooks are how, and what was lost lately. */
  overview(companyId: string | null): Promise<Overview>;
  vitals(): Promise<Vitals>;
  /** What `rowhook inspect` says of a table that is registered, beside who owns it. */
  inspectTable(name: string): Promise<TableCheck[]>;
  /** The status of everything, as `rowhook status --json` prints it. */
  status(): Promise<object>;
  /** Null: there is none of that name. */
  slot(): Promise<SlotMetrics | null>;
  liveStatus(): Promise<LiveStatus>;
  /** Where the delivery log ends, at or after `after`; null: a moment ago. */
  logEnd(after: string | null): Promise<string>;
  /** What happened since. */
  feed(companyId: string | null, ask: FeedAsk): Promise<FeedAnswer>;
  /** Why no POST would be sent there, as the sender decides it; null: it would. The setting that opens it is the operator's to know. */
  refusalOf(url: string, isOperator: boolean): Promise<string | null>;
}
