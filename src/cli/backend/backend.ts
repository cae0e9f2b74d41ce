/** What commands ask for, whichever way it comes: from the database itself, or from a running service over its API. */
import type { Status } from '../../checks/status-report.ts';
import type { DeliveryFilter } from '../../database/deliveries.ts';
import type { LossFilter } from '../../database/losses.ts';
import type { Selected } from '../../database/resend-selection.ts';
import type { WebhookFilter } from '../../database/webhooks.ts';
import type { ResendMany } from '../../http/parts.ts';
import type {
  DeliveryJson,
  LossJson,
  NewWebhookJson,
  WebhookChangesJson,
  WebhookJson,
} from '../../http/shapes.ts';
import type { Resent } from '../../resend.ts';
import type { TestResult } from '../../test-send.ts';
import type { Explanation } from '../../webhooks/why.ts';

/** One delivery of the log, or several of a webhook; `webhook` is null: the loss's. */
export type ToResend =
  | { readonly kind: 'one'; readonly id: string }
  | { readonly kind: 'many'; readonly webhook: string | null; readonly wanted: ResendMany };

export interface Resending {
  /** Nothing more is begun once it aborts. */
  readonly signal: AbortSignal;
  /** Of several: what came of each of a page, and whether there are more. */
  onPage(data: readonly Resent[], hasMore: boolean): void;
  warn(message: string): void;
}

/** `stopped`: all that was begun has ended and was handed over; `cut`: what came of the page that was under way is not known. */
export type ResendEnd = 'done' | 'stopped' | 'cut';

/** Each rejects with an ExitError written for people. */
export interface Backend {
  /** The company is the token's where none is named: the API knows it, and the database does not. */
  readonly knowsCompany: boolean;
  /** What is sent is sent by this process, with its settings. */
  readonly sendsItself: boolean;
  /** In no order. */
  listWebhooks(filter: Omit<WebhookFilter, 'id'>): Promise<WebhookJson[]>;
  /** Which webhooks this login sees, in words; null: all, or those that the token opens. */
  describeSight(): Promise<string | null>;
  findWebhook(id: string): Promise<WebhookJson>;
  createWebhook(webhook: NewWebhookJson): Promise<WebhookJson>;
  updateWebhook(id: string, changes: WebhookChangesJson): Promise<WebhookJson>;
  /** None where one of them is unknown. */
  deleteWebhooks(ids: readonly string[]): Promise<void>;
  /** One POST now, counted nowhere. */
  testWebhook(id: string): Promise<TestResult>;
  /** Newest first; bodies and answers are there when they are wanted and may be seen. */
  listDeliveries(filter: DeliveryFilter, wantsBodies: boolean): Promise<DeliveryJson[]>;
  /** Newest first. */
  listLosses(filter: Omit<LossFilter, 'before' | 'id'>): Promise<LossJson[]>;
  /** How many would be sent again; sends nothing. */
  countResend(wanted: ToResend): Promise<Selected>;
  resend(wanted: ToResend, resending: Resending): Promise<ResendEnd>;
  why(record: { readonly table: string; readonly key: string }): Promise<Explanation>;
  status(): Promise<Status>;
}
