// How much may be claimed before there is a place for it. A claim takes a while, and a place that is free meanwhile is a place lost. So as
// many are claimed ahead as were over since the last claim, twice: once for the time until this one is durable, once for the time
// until the next is. What hangs gets none.

/** Of a webhook or an origin. */
export interface Ahead {
  /** The last claim that it had a part in, how many were over since, and how many between that and the claim before. */
  claimNo: number;
  over: number;
  overBefore: number;
}

/** So many times the POSTs of one at a time. */
const maxAhead = 2;

/** `claimNo`: claims made so far; what is taken now is for the next. */
export function roomAhead(ahead: Ahead, places: number, claimNo: number): number {
  return Math.min(2 * overSinceLastClaim(ahead, claimNo), maxAhead * places);
}

export function takesPart(ahead: Ahead, claimNo: number): void {
  if (ahead.claimNo > claimNo) return;
  ahead.overBefore = overSinceLastClaim(ahead, claimNo);
  ahead.over = 0;
  ahead.claimNo = claimNo + 1;
}

function overSinceLastClaim(ahead: Ahead, claimNo: number): number {
  if (ahead.claimNo > claimNo) return ahead.overBefore;
  return ahead.claimNo === claimNo ? ahead.over : 0;
}
