// Why a webhook did or did not get the changes of one record: what the delivery log, the backlog and the ledger have of it, and for each webhook that is not
// there the rule that kept it out. Pure. Invariant: what cannot be known is said to be unknown; nothing is guessed.
import type { CoveringLoss, History, LoggedAttempt, WatchingWebhook } from '../database/history.ts';
import { dropDetail } from '../delivery/outcome.ts';
import { maxExplainedChanges } from '../limits.ts';
import { newestFirst } from '../position.ts';

export type Reason =
  | 'delivered'
  | 'rejected'
  | 'failed'
  | 'interrupted'
  | 'probably interrupted'
  | 'dropped'
  | 'waiting'
  | 'created later'
  | 'other company'
  | 'operation not chosen'
  | 'paused'
  | 'unknown';

export interface Decision {
  readonly webhookId: string;
  /** Null: it is deleted, or watches another table now. */
  readonly webhookName: string | null;
  readonly companyId: string | null;
  readonly reason: Reason;
  readonly sentence: string;
  /** Somebody had it sent again: it is not what became of the change at first. */
  readonly isResend: boolean;
}

export interface ExplainedChange {
  readonly changeId: string;
  /** When the first attempt of it ended that is not a resend, or since when it waits. */
  readonly at: string;
  /** INSERT, UPDATE, DELETE, TRUNCATE; null: not known, or not the same for all. */
  readonly type: string | null;
  readonly decisions: readonly Decision[];
  /** Further webhooks of the table, of other companies first of all, that got nothing of it and are not listed. */
  readonly omitted: number;
}

export interface Explanation {
  readonly table: string;
  readonly key: string;
  /** What holds for all of it, each a sentence: what the log keeps and how far back it goes, that nothing is found, that the table is not enabled. */
  readonly notes: readonly string[];
  /** By their positions in the log, newest first. */
  readonly changes: readonly ExplainedChange[];
}

/** For one change: a table may have thousands of webhooks. */
const maxAbsent = 50;

export function explain(history: History): Explanation {
  const { table, key } = history;
  const all = groupByChange(history);
  const isCut = history.isCut || all.size > maxExplainedChanges;
  const changes = newestFirst(all.keys())
    .slice(0, maxExplainedChanges)
    .flatMap((id) => {
      const found = all.get(id);
      return found === undefined ? [] : [explainChange(id, found, history)];
    });
  return { table: table.name, key, notes: notesOf({ ...history, isCut }, changes.length), changes };
}

interface Found {
  readonly attempts: LoggedAttempt[];
  readonly waiting: History['waiting'][number][];
}

/** What all that was found of a change says together. */
interface Summary {
  readonly lastAtMs: number;
  /** Of all that got it; null: of several, or none. */
  readonly company: string | null;
  readonly type: string | null;
}

function summarize({ attempts: all, waiting }: Found): Summary {
  // What was sent again tells nothing of the time at which it was decided who gets it, unless the log has nothing else.
  const first = all.filter((each) => each.resend_of === null);
  const attempts = first.length === 0 ? all : first;
  const times = [...attempts.map(({ at }) => at), ...waiting.map(({ since }) => since)].map((at) =>
    Date.parse(at),
  );
  const companies = [...attempts.map((each) => each.company_id), ...waiting.map((each) => each.companyId)];
  const types = [...attempts.map(({ type }) => type), ...waiting.map(({ type }) => type)];
  return {
    lastAtMs: Math.max(...times),
    company: onlyOne(companies.filter((id) => id !== null)),
    type: onlyOne(types),
  };
}

function onlyOne<T>(values: readonly T[]): T | null {
  const [first, ...others] = new Set(values);
  return others.length > 0 ? null : (first ?? null);
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
      isResend: false,
      sentence: `waits in the backlog since ${since}`,
    })),
    ...attempts.map((attempt) => ({
      webhookId: attempt.webhook_id,
      companyId: attempt.company_id,
      ...explainResend(attempt),
      isResend: attempt.resend_of !== null,
    })),
  ].map((decision) => ({ ...decision, webhookName: names.get(decision.webhookId) ?? null }));
  const summary = summarize(found);
  const ids = new Set(own.map(({ webhookId }) => webhookId));
  const absent = history.webhooks.filter(({ id }) => !ids.has(id));
  const near = ({ company_id: id }: WatchingWebhook): boolean => id === null || id === summary.company;
  const listed = [...absent.filter(near), ...absent.filter((each) => !near(each))].slice(0, maxAbsent);
  const others = listed.map((webhook) => ({
    webhookId: webhook.id,
    webhookName: webhook.name,
    companyId: webhook.company_id,
    ...explainAbsence(webhook, summary, {
      log: history.log,
      loss: history.losses.find((loss) => loss.changeId === changeId && loss.webhookId === webhook.id),
    }),
    isResend: false,
  }));
  return {
    changeId,
    at: beginningOf(found),
    type: summary.type,
    decisions: [...own, ...others],
    omitted: absent.length - listed.length,
  };
}

// The log has the newest first. Of what was only sent again the row that it repeats is no longer there, and its time is.
function beginningOf({ attempts, waiting }: Found): string {
  const first = attempts.findLast((each) => each.resend_of === null)?.at ?? waiting[0]?.since;
  return first ?? attempts.at(-1)?.resend_of ?? '';
}

type Why = Pick<Decision, 'reason' | 'sentence'>;

function explainResend(attempt: LoggedAttempt): Why {
  const { reason, sentence } = explainAttempt(attempt);
  return { reason, sentence: attempt.resend_of === null ? sentence : `resend: ${sentence}` };
}

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
      return {
        reason: 'dropped',
        sentence: `not sent: dropped ${kind ?? ''}, ${dropDetail(kind ?? '')}`.replace(/, $/, ''),
      };
  }
}

/** The log has this change, and nothing of this webhook for it. */
function explainAbsence(
  webhook: WatchingWebhook,
  { lastAtMs, company, type }: Summary,
  { log, loss }: { readonly log: History['log']; readonly loss: CoveringLoss | undefined },
): Why {
  const { created_at: created, updated_at: updated, company_id: own } = webhook;
  if (created.getTime() > lastAtMs) {
    return {
      reason: 'created later',
      sentence: `not sent: it was created later, at ${created.toISOString()}`,
    };
  }
  if (own !== null && company !== null && own !== company) {
    return { reason: 'other company', sentence: `not sent: the row was ${company}'s` };
  }
  const reason = !webhook.active
    ? 'paused'
    : type !== null && !chosen(webhook).includes(type)
      ? 'operation not chosen'
      : 'unknown';
  if (reason === 'unknown') {
    // An interrupted range has others in it, too: only who certainly wanted the change, with a log that has what arrived, was probably met.
    const isWanted = (own === null || company !== null) && type !== null;
    if (loss?.reason === 'interrupted' && isWanted && log.mode === 'all') return probablyInterrupted(loss);
    return { reason, sentence: `unknown: ${unlogged(log)}${covered(loss)}` };
  }
  const fact =
    reason === 'paused' ? 'it is paused' : `it asks for ${chosen(webhook).join(', ')}, not for ${type ?? ''}`;
  // When the row was committed is not in the log, only when an attempt ended: what the webhook was then is certain if it never changed.
  if (webhook.revision === 1) return { reason, sentence: `not sent: ${fact}, as ever since it was created` };
  const sentence = `unknown: ${fact} now, since ${updated.toISOString()} or longer; what it was at the commit is not kept${covered(loss)}`;
  return { reason: 'unknown', sentence };
}

function probablyInterrupted(loss: CoveringLoss): Why {
  const sentence = `probably interrupted: ${describeLoss(loss)} covers this position; whether it arrived is not known`;
  return { reason: 'probably interrupted', sentence };
}

function covered(loss: CoveringLoss | undefined): string {
  return loss === undefined
    ? ''
    : `; ${describeLoss(loss)} covers this position; whether it counts this change is not known`;
}

function describeLoss({ id, reason, count }: CoveringLoss): string {
  const many = count === null ? 'how many is unknown' : `${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
  return `loss ${id} (${reason}, ${many})`;
}

function unlogged({ mode }: History['log']): string {
  return mode === 'errors'
    ? 'not in the log, which keeps only what was not delivered'
    : 'not in the log; it may be on its way, or the log lacks its row';
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

function notesOf(history: History, changes: number): string[] {
  const { table, webhooks, log, isCut, waitingIsUnknown, lossesAreUnknown } = history;
  const notes = [sightOf(log)];
  if (isCut) notes.push(`Only the newest ${changes} of its changes are shown.`);
  if (waitingIsUnknown) notes.push('The backlog is too large to be searched for it now.');
  if (lossesAreUnknown) notes.push('The ledger is too large to be searched for it now.');
  if (changes === 0) {
    notes.push(
      'Neither the log nor the backlog names a change of this record. ' +
        `The key is the value of the primary key; rowhook deliveries --table ${table.name} shows some.`,
    );
  }
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
  return `The delivery log now keeps ${what}, ${from}${lack}.`;
}
