// Says what a promotion undid: nothing where that is proven, and else what is certain and what nobody can know. Pure: facts in,
// checks out.
import type { PromotionFacts } from '../database/status/failover.ts';
import { counted, ok, warn, type Check } from './check.ts';

/** Each failover of the last 24 hours; where there was none, the last promotion. */
export function checkFailovers(promotions: readonly PromotionFacts[]): Check[] {
  const recent = promotions.filter(({ reason, isRecent }) => isRecent && reason === 'failover');
  if (recent.length > 0) return recent.map((each) => warn('failover', describe(each), remedy(each)));
  return promotions.slice(-1).map((each) => ok('failover', describe(each)));
}

function describe(promotion: PromotionFacts): string {
  const { reason, since, fromTimeline, toTimeline, switchedAt, interrupted } = promotion;
  const where =
    `a standby was promoted (timeline ${fromTimeline} to ${toTimeline}, switch point ${switchedAt}); ` +
    `the service has led here since ${since.toISOString()}`;
  if (reason === 'switchover') return `${where}. Proven: nothing was lost`;
  const notSettled =
    interrupted === 1
      ? '1 delivery from before was not settled here and is interrupted'
      : `${interrupted} deliveries from before were not settled here and are interrupted`;
  return `${where}. Not proven that it had everything: ${notSettled}; ${describeUndone(promotion)}`;
}

function describeUndone({ undoneClaims }: PromotionFacts): string {
  const unknown =
    'those sent last may be missing from the counters, and may be of changes that this server does not have';
  return undoneClaims === null
    ? `${unknown}; how many cannot be known`
    : `${counted(undoneClaims, 'claim')} of the service that led before ${undoneClaims === 1 ? 'is' : 'are'} missing here: ${unknown}`;
}

function remedy({ since, fromPosition, toPosition, epochBefore }: PromotionFacts): string {
  const statement =
    `select * from rowhook.loss where reason in ('failover', 'interrupted') ` +
    `and at >= '${since.toISOString()}' order by id;`;
  if (fromPosition === null || toPosition === null) return statement;
  return (
    `${statement}\nCompare the records with the receivers' own: what was sent of changes from ${fromPosition} on may be missing from the counters; ` +
    `change ids of epoch ${epochBefore} from ${toPosition} on are of changes that this server does not have.`
  );
}
