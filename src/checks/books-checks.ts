// Judges the webhooks and the ledger: what fails, and what was lost lately. Pure: facts in, checks out.
import type { BrokenWebhook, FailingWebhook, LossFacts, WaitingWebhook } from '../database/status/books.ts';
import type { TableFacts } from '../database/status/tables.ts';
import { counted, formatBytes, formatSeconds, ok, warn, type Check } from './check.ts';

const shown = 5;
/** Of the oldest delivery that waits for an active webhook. */
const lateAfterS = 60;

export function checkWebhooks(tables: readonly TableFacts[], failing: readonly FailingWebhook[]): Check {
  const total = tables.reduce((sum, table) => sum + table.webhooks, 0);
  const active = tables.reduce((sum, table) => sum + table.activeWebhooks, 0);
  const detail = `${total}, ${active} active, ${failing.length} failing`;
  if (failing.length === 0) return ok('webhooks', detail);
  const lines = failing.slice(0, shown).map(describeFailing);
  const more = failing.length > shown ? [`… ${failing.length - shown} more: rowhook webhook list`] : [];
  return warn('webhooks', detail, [...lines, ...more].join('\n'));
}

function describeFailing(webhook: FailingWebhook): string {
  const { id, name, companyId, errorCount, lastSuccessAt, lastErrorAt, lastError } = webhook;
  const whose = companyId === null ? 'all companies' : `company ${companyId}`;
  const since =
    lastSuccessAt === null ? 'never succeeded' : `no success since ${lastSuccessAt.toISOString()}`;
  const last = `last error at ${lastErrorAt?.toISOString() ?? '?'}: ${lastError ?? '?'}`;
  return `${id} "${name}" (${whose}): ${since}, ${counted(errorCount, 'error')}, ${last}`;
}

/** Endpoints that are not sent to, for they failed many times in a row. */
export function checkBreakers(broken: readonly BrokenWebhook[]): Check {
  if (broken.length === 0) return ok('breakers', 'none is open');
  const lines = broken.slice(0, shown).map(describeBroken);
  const more = broken.length > shown ? [`… ${broken.length - shown} more: rowhook webhook list`] : [];
  const advice = 'It closes by itself once a delivery arrives, and when the webhook is changed.';
  return warn('breakers', `${broken.length} open`, [...lines, ...more, advice].join('\n'));
}

function describeBroken(webhook: BrokenWebhook): string {
  const { id, name, companyId, since, probeAt, lastError, waiting } = webhook;
  const whose = companyId === null ? 'all companies' : `company ${companyId}`;
  const next = probeAt === null ? 'the next delivery is the probe' : `next probe at ${probeAt.toISOString()}`;
  return `${id} "${name}" (${whose}): open since ${since.toISOString()}, ${lastError ?? '?'}; ${waiting} waiting; ${next}`;
}

/** What waits in the backlog. That of a paused webhook is as it should be. */
export function checkBacklog(waiting: readonly WaitingWebhook[]): Check {
  if (waiting.length === 0) return ok('backlog', 'empty');
  const count = waiting.reduce((sum, webhook) => sum + webhook.count, 0);
  const bytes = waiting.reduce((sum, webhook) => sum + webhook.bytes, 0);
  const deliveries = count === 1 ? '1 delivery' : `${count} deliveries`;
  const detail =
    `${deliveries} of ${counted(waiting.length, 'webhook')} (${formatBytes(bytes)}), the oldest for ` +
    formatSeconds(Math.max(...waiting.map(({ ageS }) => ageS)));
  const late = waiting.filter(({ isActive, ageS }) => isActive && ageS > lateAfterS);
  if (late.length === 0) return ok('backlog', detail);
  const lines = late.slice(0, shown).map(describeWaiting);
  const more = late.length > shown ? [`… ${late.length - shown} more: rowhook webhook list`] : [];
  return warn('backlog', detail, [...lines, ...more].join('\n'));
}

function describeWaiting(webhook: WaitingWebhook): string {
  const { id, name, companyId, isBreakerOpen, count, bytes, ageS } = webhook;
  const why = isBreakerOpen ? 'its breaker is open' : 'its endpoint cannot keep up or is down';
  const whose = companyId === null ? 'all companies' : `company ${companyId}`;
  return (
    `${id} "${name}" (${whose}): ${why}: ${count} waiting (${formatBytes(bytes)}), ` +
    `the oldest for ${formatSeconds(ageS)}`
  );
}

const seeLosses = [
  'See: rowhook losses --since 1d',
  'Where the delivery log has it, send it again: rowhook resend --loss <id>',
].join('\n');

/** The ledger never empties: only what is new is worth a warning. */
export function checkLosses(recent: readonly LossFacts[], lastAt: Date | null): Check {
  if (recent.length > 0) {
    const detail = `in the last 24 hours: ${recent.map(describeLoss).join(', ')}`;
    return warn('losses', detail, seeLosses);
  }
  const detail =
    lastAt === null ? 'none' : `none in the last 24 hours; the last one at ${lastAt.toISOString()}`;
  return ok('losses', detail);
}

function describeLoss({ reason, count, uncountedEntries, uncountedWebhooks, lastAt }: LossFacts): string {
  const whose = uncountedWebhooks === 0 ? '' : ` for ${counted(uncountedWebhooks, 'webhook')}`;
  const parts = [
    count > 0 || uncountedEntries === 0 ? `${count} ${reason}` : '',
    uncountedEntries > 0 ? `${reason}${whose}, count unknown` : '',
  ].filter((part) => part !== '');
  return `${parts.join(' and ')} (last ${lastAt.toISOString()})`;
}
