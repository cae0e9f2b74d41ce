/**
 * The application of the demo: several companies at work in the sample ERP, one small transaction after another.
 * All kinds of activity come up in turn (a shuffled deck, dealt to the end), so that every table is touched every minute or two.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { DemoDatabase } from '../../database/demo-database.ts';
import type { Activity } from './document.ts';
import { invoicingActivities } from './invoicing.ts';
import { masterRecordActivities } from './master-records.ts';
import { productionActivities } from './production.ts';
import { purchasingActivities } from './purchasing.ts';
import type { Random } from './random.ts';
import { rfqCompleted, rfqReceived, rfqWithdrawn, salesActivities } from './sales.ts';

const activities: readonly Activity[] = [
  ...salesActivities,
  ...productionActivities,
  ...purchasingActivities,
  ...invoicingActivities,
  ...masterRecordActivities,
];

/** First of all, so that an INSERT, an UPDATE and a DELETE are seen within seconds. */
const opening: readonly Activity[] = [rfqReceived, rfqCompleted, rfqReceived, rfqWithdrawn];

export interface ActivityOptions {
  readonly database: DemoDatabase;
  readonly random: Random;
  /** Told about a transaction that failed, as when somebody dropped a table; the activity goes on. */
  readonly onTrouble: (activity: string, error: Error) => void;
}

/** Runs until `stop` aborts; each transaction that was begun is finished. Two to three changes in two seconds. */
export async function runActivity({
  stop,
  ...options
}: ActivityOptions & { stop: AbortSignal }): Promise<void> {
  const steps = activitySteps(options);
  while (!stop.aborted) {
    await steps.next();
    await pause(options.random.between(300, 1100), undefined, { signal: stop }).catch(() => undefined);
  }
}

/** One transaction per `next()`; the name of what was done. Never ends by itself. */
export async function* activitySteps(options: ActivityOptions): AsyncGenerator<string, never> {
  const { database, random } = options;
  const companies = (await database.query('select id from erp.company order by id')).map((row) =>
    String(row['id']),
  );
  // The first two are the ones with webhooks; the third is a quiet neighbour.
  const busyness = companies.flatMap((id, index) => (index < 2 ? [id, id, id] : [id]));
  for (const activity of opening) {
    if (await attempt(activity, companies[0], options)) yield activity.name;
  }
  for (;;) {
    for (const activity of random.shuffle(deck())) {
      // Nothing to work on in one company: the next one may have something.
      for (const companyId of new Set(random.shuffle(busyness))) {
        if (!(await attempt(activity, companyId, options))) continue;
        yield activity.name;
        break;
      }
    }
    // Whoever waits between the steps is asked again even when there is nothing left to work on.
    yield 'a quiet moment';
  }
}

function deck(): Activity[] {
  return activities.flatMap((activity) => Array.from({ length: activity.weight }, () => activity));
}

/** False when there was nothing to work on; a failure counts as a step, so that it is not repeated at once. */
async function attempt(
  activity: Activity,
  companyId: string | undefined,
  { database, random, onTrouble }: ActivityOptions,
): Promise<boolean> {
  if (companyId === undefined) return false;
  try {
    return await database.transaction((query) => activity.run({ query, random, companyId }));
  } catch (error) {
    onTrouble(activity.name, error instanceof Error ? error : new Error(String(error)));
    return true;
  }
}
