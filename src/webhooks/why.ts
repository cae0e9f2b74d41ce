// Why a webhook did or did not get the changes of one record: what the delivery log and the backlog have of it, and for each webhook that is not
// there the rule that kept it out. Pure. Invariant: what cannot be known is said to be unknown; nothing is guessed.
import type { History, LoggedAttempt, WatchingWebhook } from '../database/history.ts';
import { dropDetail } from '../delivery/outcome.ts';

export type Reason =
  | 'delivered'
  | 'rejected'
  | 'failed'
  | 'interrupted'
  | 'dropped'
  | 'waiting'
  | 'created later'
  | 'other company'
  | 'operation not chosen'
  | 'paused'
  | 'unknown';

export interface Decision {
  readonly webhookId: string;
  /** Null: the webhook is deleted. */
  readonly webhookName: string | null;
  readonly companyId: string | null;
  readonly reason: Reason;
  readonly sentence: string;
}

export interface ExplainedChange {
  readonly changeId: string;
  /** When the last attempt of it ended, or since when it waits. */
  readonly at: string;
  /** INSERT, UPDATE, DELETE, TRUNCATE; null: not known, or not the same for all. */
  readonly type: string | null;
  readonly decisions: readonly Decision[];
}

export interface Explanation {
  readonly table: string;
  readonly key: string;
  /** What holds for all of it, each a sentence: what the log keeps and how far back it goes, that nothing is found, that the table is not enabled. */
  readonly notes: readonly string[];
  /** Newest first. */
  readonly changes: readonly ExplainedChange[];
}

export function explain(history: History): Explanation {
  const { table, key } = history;
  const changes = [...groupByChange(history)].map(([changeId, found]) => explainChange(changeId, found, history));
  return { table: table.name, key, notes: notesOf(history, changes.length), changes };
}

interface Found {
  readonly attempts: LoggedAttempt[];
  readonly waiting: History['waiting'][number][];
}

function groupByChange({ attempts, waiting }: History): Map<string, Found> {
  const changes = new Map<string, Found>();
  const of = (changeId: string): Found => {
    const found = changes.get(changeId) ?? { attempts: [], waiting: [] };
    changes.set(changeId, found);
    return found;
  };
  for (const each of waiting) of(each.changeId).waiting.push(each);
  for (const each of attempts) of(each.change_id).attempts.push(each);
  return changes;
}

function explainChange(changeId: string, found: Found, history: History): ExplainedChange {
  const { attempts, waiting } = found;
  const names = new Map(history.webhooks.map(({ id, name }) => [id, name]));
  const own: Decision[] = [
    ...waiting.map(({ webhookId, companyId, since }) => ({
      webhookId,
      companyId,
      reason: 'waiting' as const,
      sentence: `waits in the backlog since ${since}`,
    })),
    ...attempts.map((attempt) => ({
      webhookId: attempt.webhook_id,
      companyId: attempt.company_id,
      ...explainAttempt(attempt),
    })),
  ].map((decision) => ({ ...decision, webhookName: names.get(decision.webhookId) ?? null }));
  const ids = new Set(own.map(({ webhookId }) => webhookId));
  const others = history.webhooks
    .filter(({ id }) => !ids.has(id))
    .map((webhook) => ({
      webhookId: webhook.id,
      webhookName: webhook.name,
      companyId: webhook.company_id,
      ...explainAbsence(webhook, found, history),
    }));
  const types = new Set([...attempts.map(({ type }) => type), ...waiting.map(({ type }) => type)]);
  const [type = null] = types;
  return {
    changeId,
    at: attempts[0]?.at ?? waiting[0]?.since ?? '',
    type: types.size === 1 ? type : null,
    decisions: [...own, ...others],
  };
}

type Why = Pick<Decision, 'reason' | 'sentence'>;

function explainAttempt({ outcome, class: kind, status, detail, total_ms: ms }: LoggedAttempt): Why {
  const took = ms === null ? '' : ` in ${Math.round(ms)} ms`;
  const more = detail === null ? '' : `: ${detail}`;
  switch (outcome) {
    case 'delivered':
      return { reason: 'delivered', sentence: `sent: ${status ?? 'answered'}${took}` };
    case 'rejected':
      return { reason: 'rejected', sentence: `sent, and rejected: ${status ?? 'answered'}${took}` };
    case 'failed':
      return { reason: 'failed', sentence: `failed: ${kind ?? 'no answer'}${more}` };
    case 'interrupted':
      return { reason: 'interrupted', sentence: `interrupted${more}` };
    default:
      return { reason: 'dropped', sentence: `not sent: dropped ${kind ?? ''}, ${dropDetail(kind ?? '')}`.replace(/, $/, '') };
  }
}

/** The log has this change, and nothing of this webhook for it. */
function explainAbsence(webhook: WatchingWebhook, { attempts, waiting }: Found, { log }: History): Why {
  const lastAtMs = Math.max(...[...attempts.map(({ at }) => at), ...waiting.map(({ since }) => since)].map(Date.parse));
  const { created_at: created, updated_at: updated } = webhook;
  if (created.getTime() > lastAtMs) {
    return { reason: 'created later', sentence: `not sent: it was created later, at ${created.toISOString()}` };
  }
  const [company, ...moreCompanies] = new Set([
    ...attempts.map(({ company_id: id }) => id),
    ...waiting.map(({ companyId }) => companyId),
  ].filter((id) => id !== null));
  const isOthers = company !== undefined && moreCompanies.length === 0 && webhook.company_id !== company;
  if (webhook.company_id !== null && isOthers) {
    return { reason: 'other company', sentence: `not sent: the row was ${company}'s` };
  }
  const updatedAt = updated.toISOString();
  if (updated.getTime() > lastAtMs) {
    return {
      reason: 'unknown',
      sentence: `unknown: the log has nothing of it, and the webhook was changed since, at ${updatedAt}`,
    };
  }
  const since = `unchanged since ${updatedAt}`;
  if (!webhook.active) return { reason: 'paused', sentence: `not sent: it is paused, ${since}` };
  const types = new Set([...attempts.map(({ type }) => type), ...waiting.map(({ type }) => type)]);
  const [type] = types;
  if (types.size === 1 && type !== null && type !== undefined && !chosen(webhook).includes(type)) {
    const sentence = `not sent: it asks for ${chosen(webhook).join(', ')}, not for ${type}, ${since}`;
    return { reason: 'operation not chosen', sentence };
  }
  const sentence =
    log.mode === 'errors'
      ? 'unknown: not in the log, which keeps only what was not delivered'
      : 'unknown: not in the log; it may be on its way, or the log lacks its row';
  return { reason: 'unknown', sentence };
}

function chosen({ on_insert, on_update, on_delete, on_truncate }: WatchingWebhook): string[] {
  const all = [
    ['INSERT', on_insert],
    ['UPDATE', on_update],
    ['DELETE', on_delete],
    ['TRUNCATE', on_truncate],
  ] as const;
  return all.flatMap(([type, isChosen]) => (isChosen ? [type] : []));
}

function notesOf({ table, webhooks, log, isCut }: History, changes: number): string[] {
  const notes = [sightOf(log)];
  if (isCut) notes.push(`Only the newest ${changes} of its changes are shown.`);
  if (changes === 0) notes.push('Neither the log nor the backlog has a change of this record.');
  if (!table.enabled) notes.push(`The table ${table.name} is not enabled: its changes are not read.`);
  if (webhooks.length === 0) notes.push(`No webhook watches ${table.name}.`);
  else if (webhooks.every(({ active }) => !active)) notes.push(`Every webhook of ${table.name} is paused.`);
  return notes;
}

function sightOf({ mode, since, dropped }: History['log']): string {
  if (mode === null) return 'No service has led yet, so the delivery log is empty.';
  if (mode === 'off') return 'The delivery log is off: what was sent is not known (ROWHOOK_DELIVERY_LOG).';
  const what = mode === 'all' ? 'every attempt' : 'what was not delivered, and nothing that was';
  const from = since === null ? 'and is empty' : `and goes back to ${since}`;
  const lack = dropped === 0 ? '' : `; it lacks ${dropped} rows`;
  return `The delivery log keeps ${what}, ${from}${lack}.`;
}
