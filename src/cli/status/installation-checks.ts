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
      `alter table ${relation} replica identity default; then drop the column, or enable it with an index identity`,
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

function describeFailing({
  id,
  name,
  companyId,
  errorCount,
  lastErrorAt,
  lastError,
}: FailingWebhook): string {
  const whose = companyId === null ? 'all companies' : `company ${companyId}`;
  const last = `last at ${lastErrorAt?.toISOString() ?? '?'}: ${lastError ?? '?'}`;
  return `${id} "${name}" (${whose}): ${counted(errorCount, 'error')}, ${last}`;
}

/** The ledger never empties: only what is new is worth a warning. */
export function checkLosses(losses: readonly LossFacts[]): Check {
  const summary = losses.map(
    ({ reason, count, lastAt }) => `${count} ${reason} (last ${lastAt.toISOString()})`,
  );
  const isRecent = losses.some((loss) => loss.isRecent);
  return {
    check: 'losses',
    status: isRecent ? 'warn' : 'ok',
    detail: losses.length === 0 ? 'none' : summary.join(', '),
    remedy: isRecent ? 'Those of the last 24 hours: select * from rowhook.loss order by at desc;' : null,
  };
}
