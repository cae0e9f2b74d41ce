// What has to hold at the end of a soak: each rule in words, with the numbers that it was judged by.
import { spread } from '../bench/rounds.ts';
import { endpointKinds, kindOf, pathOf, type EndpointKind, type PathCounts } from './endpoints.ts';
import type { Sample } from './samples.ts';

export interface Books {
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
  readonly missed: number;
  /** Of the ledger, by reason. */
  readonly losses: Readonly<Record<string, number>>;
}

export interface Check {
  readonly rule: string;
  readonly holds: boolean;
  readonly detail: string;
}

export interface SoakEnd {
  readonly webhooks: number;
  /** By the company's number, as are the books. */
  readonly expected: readonly number[];
  readonly books: readonly Books[];
  readonly received: Readonly<Record<string, PathCounts>>;
  readonly backlogRows: number;
  readonly seconds: number;
  readonly samples: readonly Sample[];
}

/** How much more than at first the memory may take at last: what a garbage collection leaves for later. */
const growth = 1.1;

/** Beginning and end of the load that are compared: five minutes each, less of a short run; warm-up before the first. */
export function windows({ seconds, samples }: Pick<SoakEnd, 'seconds' | 'samples'>): {
  first: readonly Sample[];
  last: readonly Sample[];
  warmUpSeconds: number;
} {
  const length = Math.min(300, seconds / 4);
  const warmUpSeconds = Math.min(120, seconds / 4);
  return {
    first: samples.filter(({ seconds: at }) => at >= warmUpSeconds && at < warmUpSeconds + length),
    last: samples.filter(({ seconds: at }) => at >= seconds - length && at <= seconds),
    warmUpSeconds,
  };
}

export function medianOf(samples: readonly Sample[], field: keyof Sample): number {
  return spread(samples.map((sample) => sample[field])).median;
}

export function judge(end: SoakEnd): Check[] {
  return [...memoryChecks(end), ...lagChecks(end), ...endpointKinds.map((kind) => countersCheck(end, kind))];
}

function memoryChecks(end: SoakEnd): Check[] {
  const { first, last } = windows(end);
  return (['rssMb', 'heapMb'] as const).map((field) => {
    const [before, after] = [medianOf(first, field), medianOf(last, field)];
    const what = field === 'rssMb' ? 'memory (RSS)' : 'heap';
    return {
      rule: `${what} is flat`,
      holds: after <= before * growth,
      detail: `median ${before.toFixed(0)} MB at first, ${after.toFixed(0)} MB at last (${(after / before).toFixed(2)} times)`,
    };
  });
}

function lagChecks(end: SoakEnd): Check[] {
  const { first, last } = windows(end);
  const [before, after] = [medianOf(first, 'lagSeconds'), medianOf(last, 'lagSeconds')];
  return [
    {
      rule: 'the lag does not grow',
      holds: after <= Math.max(2, before * 2),
      detail: `median ${before.toFixed(2)} s at first, ${after.toFixed(2)} s at last`,
    },
    {
      rule: 'nothing is left in the backlog',
      holds: end.backlogRows === 0,
      detail: `${end.backlogRows} rows`,
    },
  ];
}

function countersCheck(end: SoakEnd, kind: EndpointKind): Check {
  const faults = end.expected.flatMap((expected, no) => {
    if (kindOf(no, end.webhooks) !== kind) return [];
    const path = pathOf(no, end.webhooks);
    const { received = 0, answered = 0, givenUp = 0, outOfOrder = 0 } = end.received[path] ?? {};
    const { claimed = 0, success = 0, error = 0, missed = 0, losses = {} } = end.books[no] ?? {};
    const lost = Object.values(losses).reduce((sum, count) => sum + count, 0);
    const isExact =
      claimed === expected &&
      received === expected &&
      success + error === claimed &&
      missed + outOfOrder === 0 &&
      holdsFor(kind, { success, error, lost, answered, givenUp, losses });
    const words = `expected ${expected}, claimed ${claimed} = success ${success} + error ${error}`;
    const beside = `received ${received}, answered ${answered}, given up ${givenUp}, out of order ${outOfOrder}, ledger ${lost}`;
    return isExact ? [] : [`${path}: ${words}; ${beside}`];
  });
  const webhooks = end.expected.filter((_, no) => kindOf(no, end.webhooks) === kind).length;
  return {
    rule: `counters are exact: ${kind}`,
    holds: faults.length === 0,
    detail: faults.length === 0 ? `${webhooks} webhooks` : faults.slice(0, 5).join('\n'),
  };
}

interface Ends extends Pick<Books, 'success' | 'error' | 'losses'>, Pick<PathCounts, 'answered' | 'givenUp'> {
  readonly lost: number;
}

function holdsFor(kind: EndpointKind, { success, error, lost, answered, givenUp, losses }: Ends): boolean {
  if (kind === 'ok') return error === 0 && success === answered;
  if (kind === 'unavailable') return success === 0 && lost === 0 && error === answered;
  if (kind === 'reset') return success === 0 && losses['reset'] === error && lost === error;
  // An answer may be on its way when the time is over.
  return losses['timeout'] === error && lost === error && error >= givenUp && success <= answered;
}
