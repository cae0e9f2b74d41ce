/** Judges the tables, the webhooks and the ledger. Pure: facts in, checks out. */
import type { FailingWebhook, LossFacts, TableFacts } from '../../database/status/installation.ts';
import { shellWord } from '../../shell-word.ts';
import type { Check } from '../checks.ts';
import { counted } from '../output.ts';

const shown = 5;

/** One line for all that is well, one for each table that is not. */
export function checkTables(tables: readonly TableFacts[]): Check[] {
  const enabled = tables.filter((table) => table.enabled);
  const problems = enabled.map(tableProblem).filter((check) => check !== null);
  const names = enabled
    .map((table) => `${table.name} (${counted(table.activeWebhooks, 'webhook')})`)
    .join(', ');
  const summary: Check =
    enabled.length === 0
      ? {
          check: 'tables',
          status: 'warn',
          detail: 'none is enabled',
          remedy: 'As a table’s owner: rowhook enable <relation>',
        }
      : { check: 'tables', status: 'ok', detail: `${enabled.length} enabled: ${names}`, remedy: null };
  const orphans = tables.filter((table) => !table.enabled && table.activeWebhooks > 0).map(disabledTable);
  return [summary, ...problems, ...orphans];
}

function tableProblem(table: TableFacts): Check | null {
  const { name, relation, companyColumn } = table;
  const check = `table ${name}`;
  const fail = (detail: string, remedy: string): Check => ({ check, status: 'fail', detail, remedy });
  const enable = `As its owner: rowhook enable ${shellWord(relation)}${companyOption(companyColumn)} --name ${shellWord(name)}`;
  if (!table.exists)
    return fail(`${relation} is gone or renamed`, `Restore it, or: rowhook disable ${shellWord(relation)}`);
  if (!table.published) return fail(`${relation} is not in the publication: nothing is sent for it`, enable);
  if (!table.hasCompanyColumn) {
    return fail(
      `${relation} has no column "${companyColumn ?? ''}" any more: no company can be told`,
      enable,
    );
  }
  if (!table.hasIdentity) {
    const detail = `${relation} has no replica identity: every UPDATE and DELETE of the application fails`;
    return fail(detail, `alter table ${relation} replica identity full;`);
  }
  const [generated] = table.unpublishedGeneratedColumns;
  if (table.isFull && generated !== undefined) {
    const detail = `${relation} has identity full and the generated column "${generated}": every UPDATE and DELETE of the application fails`;
    return fail(
      detail,
      table.identityRemedy ??
        `The statement that mends it, as its owner: rowhook inspect ${shellWord(relation)}`,
    );
  }
  if (table.replicaIdentity !== 'full' || table.isFull) return null;
  const detail = `${relation} has lost identity full: old rows are incomplete, and their company may be undecidable`;
  return { check, status: 'warn', detail, remedy: `alter table ${relation} replica identity full;` };
}

function disabledTable({ name, relation, activeWebhooks }: TableFacts): Check {
  const detail = `${relation} is disabled, and ${counted(activeWebhooks, 'active webhook')} of it will never be sent`;
  return {
    check: `table ${name}`,
    status: 'warn',
    detail,
    remedy: `As its owner: rowhook enable ${shellWord(relation)}`,
  };
}

function companyOption(companyColumn: string | null): string {
  if (companyColumn === null) return ' --no-company';
  return companyColumn === 'companyId' ? '' : ` --company-column ${shellWord(companyColumn)}`;
}

export function checkWebhooks(tables: readonly TableFacts[], failing: readonly FailingWebhook[]): Check {
  const total = tables.reduce((sum, table) => sum + table.webhooks, 0);
  const active = tables.reduce((sum, table) => sum + table.activeWebhooks, 0);
  const detail = `${total}, ${active} active, ${failing.length} failing`;
  if (failing.length === 0) return { check: 'webhooks', status: 'ok', detail, remedy: null };
  const lines = failing.slice(0, shown).map(describeFailing);
  const more = failing.length > shown ? [`… ${failing.length - shown} more: rowhook webhook list`] : [];
  return { check: 'webhooks', status: 'warn', detail, remedy: [...lines, ...more].join('\n') };
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
    return { check: 'losses', status: 'warn', detail, remedy };
  }
  const detail =
    lastAt === null ? 'none' : `none in the last 24 hours; the last one at ${lastAt.toISOString()}`;
  return { check: 'losses', status: 'ok', detail, remedy: null };
}

function describeLoss({ reason, count, uncountedEntries, uncountedWebhooks, lastAt }: LossFacts): string {
  const whose = uncountedWebhooks === 0 ? '' : ` for ${counted(uncountedWebhooks, 'webhook')}`;
  const parts = [
    count > 0 || uncountedEntries === 0 ? `${count} ${reason}` : '',
    uncountedEntries > 0 ? `${reason}${whose}, count unknown` : '',
  ].filter((part) => part !== '');
  return `${parts.join(' and ')} (last ${lastAt.toISOString()})`;
}
