// What the form holds while it is filled in, and what it sends.
import type { NewWebhook, Webhook, WebhookChanges } from '../api/types.ts';

export interface Draft {
  readonly name: string;
  readonly table: string;
  readonly url: string;
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  readonly onDelete: boolean;
  readonly onTruncate: boolean;
  readonly active: boolean;
  /** Of the operator's form; empty with `allCompanies`. */
  readonly companyId: string;
  readonly allCompanies: boolean;
  /** Empty: as the operator chose for all. */
  readonly breaker: '' | 'off' | 'wait' | 'drop';
  readonly concurrency: string;
}

export const emptyDraft: Draft = {
  name: '',
  table: '',
  url: '',
  onInsert: true,
  onUpdate: true,
  onDelete: true,
  onTruncate: false,
  active: true,
  companyId: '',
  allCompanies: false,
  breaker: '',
  concurrency: '',
};

export function draftOf(webhook: Webhook): Draft {
  const { name, table, url, onInsert, onUpdate, onDelete, onTruncate, active, allCompanies } = webhook;
  return {
    ...{ name, table, url, onInsert, onUpdate, onDelete, onTruncate, active, allCompanies },
    companyId: webhook.companyId ?? '',
    breaker: webhook.breaker ?? '',
    concurrency: webhook.concurrency === null ? '' : String(webhook.concurrency),
  };
}

/** Those fields in which the second is not the first, as the second has them. */
export function changedFields(from: Draft, to: Draft): Partial<Draft> {
  const names = Object.keys(emptyDraft) as (keyof Draft)[];
  return Object.fromEntries(names.filter((name) => from[name] !== to[name]).map((name) => [name, to[name]]));
}

/** Two changes of one webhook. */
export interface Conflict {
  /** What both began with. */
  readonly base: Draft;
  readonly mine: Draft;
  readonly theirs: Draft;
}

/** What only one changed is as that one has it; what both changed is as the winner has it. */
export function merged({ base, mine, theirs }: Conflict, winner: 'mine' | 'theirs'): Draft {
  return winner === 'mine'
    ? { ...theirs, ...changedFields(base, mine) }
    : { ...mine, ...changedFields(base, theirs) };
}

/** What was sent is emptied for the next one; what was typed meanwhile stays. */
export function afterCreate(sent: Draft, now: Draft): Draft {
  return { ...emptyDraft, companyId: sent.companyId, ...changedFields(sent, now) };
}

/** Only what was changed: the rest may be what the service would refuse today, as a table that is not enabled any more. */
export function changesBetween(base: Draft, draft: Draft): WebhookChanges {
  const before = changesOf(base);
  const isChanged = ([name, value]: readonly [string, unknown]): boolean =>
    value !== before[name as keyof WebhookChanges];
  return Object.fromEntries(Object.entries(changesOf(draft)).filter(isChanged));
}

function changesOf(draft: Draft): WebhookChanges {
  const { name, table, url, onInsert, onUpdate, onDelete, onTruncate, active } = draft;
  return {
    ...{ name: name.trim(), table, url: url.trim(), onInsert, onUpdate, onDelete, onTruncate, active },
    breaker: draft.breaker === '' ? null : draft.breaker,
    concurrency: draft.concurrency === '' ? null : Number(draft.concurrency),
  };
}

/** `isOperator` false: the token says whose it is. */
export function newWebhookOf(draft: Draft, isOperator: boolean): NewWebhook {
  const { name, table, url, ...others } = changesOf(draft);
  const whose = draft.allCompanies ? { allCompanies: true } : { companyId: draft.companyId.trim() };
  return { name: name ?? '', table: table ?? '', url: url ?? '', ...others, ...(isOperator && whose) };
}

export type Field = 'name' | 'table' | 'url' | 'triggers' | 'companyId' | 'concurrency';

/** What keeps it from being sent, by field, in words. */
export function problemsOf(draft: Draft, isOperator: boolean): Partial<Record<Field, string>> {
  const hasTrigger = draft.onInsert || draft.onUpdate || draft.onDelete || draft.onTruncate;
  const lacksCompany = isOperator && !draft.allCompanies && draft.companyId.trim() === '';
  return {
    ...(draft.name.trim() === '' && { name: 'Give it a name that people will recognise.' }),
    ...(draft.table === '' && { table: 'Choose the table whose changes it is told of.' }),
    ...(!/^https?:\/\/[^\s/]/.test(draft.url.trim()) && { url: 'Give a URL that begins with https://' }),
    ...(!hasTrigger && { triggers: 'Choose at least one.' }),
    ...(lacksCompany && {
      companyId: 'Give the company whose rows it gets, or choose all companies under More.',
    }),
    ...(draft.concurrency !== '' &&
      !/^([1-9]\d?|100)$/.test(draft.concurrency) && { concurrency: 'A whole number from 1 to 100.' }),
  };
}

/** Where the service found something wrong with a field of the form. */
export function fieldOf(at: string): Field | null {
  const name = at.replace(/^body\./, '');
  if (/^on[A-Z]/.test(name)) return 'triggers';
  const known: readonly Field[] = ['name', 'table', 'url', 'companyId', 'concurrency'];
  return known.find((field) => field === name) ?? null;
}
