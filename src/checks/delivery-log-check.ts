// Judges the delivery log: what it keeps, and whether it has all of it. Pure: facts in, check out.
import type { DeliveryLogFacts } from '../database/status/delivery-log.ts';
import { counted, formatBytes, ok, warn, type Check } from './check.ts';

const check = 'delivery log';

export function checkDeliveryLog(facts: DeliveryLogFacts): Check {
  const detail = `${describe(facts)}${describeGap(facts)}`;
  if (facts.dropped > 0) return warn(check, detail, gapRemedy(facts));
  if (facts.overdue > 0) {
    return warn(
      check,
      `${detail}; ${counted(facts.overdue, 'day')} should be gone by now`,
      'The service drops them as soon as nobody reads the log at that moment; its own log says what is in the way. A long pg_dump or an open transaction holds them: ' +
        'see pg_stat_activity. Without a service that runs, nobody drops them.',
    );
  }
  return ok(check, detail);
}

function describe({ mode, days, partitions, bytes }: DeliveryLogFacts): string {
  const stored = `${counted(partitions, 'day')} stored (${formatBytes(bytes)})`;
  if (mode === null) return 'no service has led yet';
  if (mode === 'off') return partitions === 0 ? 'off' : `off; ${stored}`;
  return `${mode === 'all' ? 'all attempts' : 'what was not delivered'}, for ${counted(days, 'day')}; ${stored}`;
}

function describeGap({ dropped, droppedSince, droppedLastAt, droppedReason }: DeliveryLogFacts): string {
  if (dropped === 0) return '';
  return (
    `; ${counted(dropped, 'row')} dropped since ${droppedSince?.toISOString() ?? '?'}, ` +
    `last at ${droppedLastAt?.toISOString() ?? '?'}: ${droppedReason ?? '?'}`
  );
}

function gapRemedy({ mode }: DeliveryLogFacts): string {
  const less = mode === 'all' ? 'ROWHOOK_DELIVERY_LOG=errors keeps less. ' : '';
  return (
    `select * from rowhook.delivery_gap order by day;\n` +
    `No delivery was lost, only rows of the log. ${less}The line goes when those days are dropped.`
  );
}
