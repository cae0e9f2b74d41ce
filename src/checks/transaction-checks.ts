// Judges transactions that are open for long: the slot keeps the log from their start on, whatever the service confirms, and vacuum
// stands still. Pure: facts in, check out.
import type { RoleFacts } from '../database/status/server.ts';
import type { OldTransaction, TransactionFacts } from '../database/status/slot.ts';
import { counted, formatSeconds, ok, warn, type Check } from './check.ts';

export const oldTransactionS = 3_600;
const shown = 5;

export function checkTransactions({ old, hidden }: TransactionFacts, role: RoleFacts): Check {
  const unseen =
    hidden === 0 || role.seesActivity
      ? ''
      : ` among those that ${role.role} may see; those of ${counted(hidden, 'other session')} show after: grant pg_monitor to ${role.role};`;
  if (old.length === 0) {
    return ok('transactions', `none is older than ${formatSeconds(oldTransactionS)}${unseen}`);
  }
  const more = old.length > shown ? [`-- and ${old.length - shown} more`] : [];
  return warn(
    'transactions',
    `${counted(old.length, 'transaction')} older than ${formatSeconds(oldTransactionS)}${unseen}: the log from their start on is kept, and vacuum waits`,
    [...old.slice(0, shown).map(ending), ...more].join('\n'),
  );
}

function ending({ pid, gid, role, database, since }: OldTransaction): string {
  const who = `role ${role}, database ${database}, since ${since.toISOString()}`;
  if (pid !== null) return `select pg_terminate_backend(${pid}); -- ${who}`;
  const quoted = `'${(gid ?? '').replaceAll("'", "''")}'`;
  return `rollback prepared ${quoted}; -- or commit prepared ${quoted}; in that database: ${who}`;
}
