// Judges the webhooks and the ledger: what fails, and what was lost lately. Pure: facts in, checks out.
import type { FailingWebhook, LossFacts } from '../database/status/books.ts';
import type { TableFacts } from '../database/status/tables.ts';
import { counted, ok, warn, type Check } from './check.ts';

const shown = 5;

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

/** The ledger never empties: only what is new is worth a warning. */
export function checkLosses(recent: readonly LossFacts[], lastAt: Date | null): Check {
  if (recent.length > 0) {
    const detail = `in the last 24 hours: ${recent.map(describeLoss).join(', ')}`;
    const remedy = `select * from rowhook.loss where at > now() - interval '24 hours' order by at desc;`;
    return warn('losses', detail, remedy);
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
