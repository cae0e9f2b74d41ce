// What came of sending many again, added up page by page and said in words; and what is said before.
import type { Loss, Resent } from '../api/types.ts';
import { counted, exact } from './amounts.ts';
import { failureOf } from './failures.ts';

/** What is to be sent again: what a loss names, or what failed since a moment (ISO 8601; it can be changed). */
export type Sought =
  { readonly kind: 'loss'; readonly loss: Loss } | { readonly kind: 'stretch'; readonly since: string };

export interface Tally {
  /** Of which it is known what became of them. */
  readonly ended: number;
  readonly arrived: number;
  /** Another resend had them. */
  readonly elsewhere: number;
  readonly failures: readonly FailureCount[];
}

export interface FailureCount {
  /** `timeout`, `rejected 503`, `not sent`. */
  readonly kind: string;
  readonly count: number;
  /** What to do, or why nothing was sent. */
  readonly advice: string;
}

export const emptyTally: Tally = { ended: 0, arrived: 0, elsewhere: 0, failures: [] };

export function addResent(tally: Tally, page: readonly Resent[]): Tally {
  return page.reduce(addOne, tally);
}

function addOne(tally: Tally, { isDelivered, isSentElsewhere, outcome, refusal }: Resent): Tally {
  const ended = tally.ended + 1;
  if (isDelivered) return { ...tally, ended, arrived: tally.arrived + 1 };
  if (isSentElsewhere) return { ...tally, ended, elsewhere: tally.elsewhere + 1 };
  const { kind, advice } =
    outcome === null
      ? { kind: 'not sent', advice: sentence(refusal ?? 'no reason given') }
      : failureOf(outcome);
  const isSame = (each: FailureCount): boolean => each.kind === kind && each.advice === advice;
  const known = tally.failures.find(isSame);
  const others = tally.failures.filter((each) => !isSame(each));
  return { ...tally, ended, failures: [...others, { kind, advice, count: (known?.count ?? 0) + 1 }] };
}

export type ResendPhase = 'running' | 'stopping' | 'stopped' | 'failed' | 'done';

/** `13 of 13 arrived.`, `Stopped after 25 of 130; 24 arrived.` */
export function resendInWords(
  phase: ResendPhase,
  { ended, arrived, elsewhere }: Tally,
  count: number,
): string {
  const soFar = `${exact(ended)} of ${exact(count)}; ${exact(arrived)} arrived.`;
  if (phase === 'running') return `Sending: ${soFar}`;
  if (phase === 'stopping') return `Stopping, once those that are out have ended: ${soFar}`;
  if (phase === 'stopped') return `Stopped after ${soFar} The rest was not sent.`;
  if (phase === 'failed') return `Broken off after ${soFar}`;
  // Those that were counted and did not come any more.
  const others = elsewhere + Math.max(0, count - ended);
  const more = others === 0 ? '' : ` ${counted(others, 'other', 'others')} went out otherwise meanwhile.`;
  return `${exact(arrived)} of ${exact(count)} arrived.${more}`;
}

/** Why nothing of a loss can be sent again, where its row alone tells; null: the delivery log may have it. */
export function whyNotAgain(
  loss: Pick<Loss, 'webhookId' | 'reason' | 'count' | 'fromPosition' | 'toPosition'>,
): string | null {
  if (loss.webhookId === null) return 'No: for which webhook it was cannot be told.';
  if (loss.reason === 'deleted') return 'No: its webhook is deleted.';
  if (loss.count === null || loss.fromPosition === null || loss.toPosition === null)
    return 'No: which changes it were is not known. Compare the receiver with the table.';
  return null;
}

/** `The log has 13 deliveries of this loss to send again.` */
export function aboutCount(sought: Sought, count: number): string {
  const many = counted(count, 'delivery', 'deliveries');
  if (sought.kind === 'stretch')
    return `${many} would be sent again. What arrived since, or may have, is not among them.`;
  const lost = sought.loss.count ?? count;
  const all = `Of ${lost === 1 ? 'the delivery' : `the ${counted(lost, 'delivery', 'deliveries')}`} that this loss counts the log has ${exact(count)} to send again.`;
  if (lost <= count) return all;
  return `${all} The others arrived, or may have, when they were sent again, or the log has nothing of them.`;
}

/** Null: the log has every body. */
export function aboutBodies(sought: Sought, withoutBody: number): string | null {
  if (withoutBody === 0) return null;
  const lack = `Of ${exact(withoutBody)} the log has no body:`;
  return sought.kind === 'loss'
    ? `${lack} the record goes out as it is now, with old null, where the service may read its table.`
    : `${lack} they cannot be sent.`;
}

export function nothingLeft(sought: Sought): string {
  return sought.kind === 'loss'
    ? 'Nothing is left to send: the log has nothing of it, or it arrived, or may have, when it was sent again.'
    : 'Nothing is left to send: nothing ended like that since then, or it arrived, or may have, when it was sent again.';
}

/** Why rows of the ledger are there. */
export const lossReasons: readonly string[] = [
  'timeout',
  'refused',
  'reset',
  'dns',
  'tls',
  'protocol',
  'blocked_address',
  'too_large',
  'interrupted',
  'breaker_open',
  'backlog_full',
  'backlog_too_old',
  'deleted',
  'undecidable',
  'gap',
  'failover',
];

const unsure: readonly string[] = ['interrupted', 'timeout', 'reset', 'protocol'];

/** After these the receiver may have had all of it. `kinds`: a loss's reason, or outcomes. */
export function mayHaveArrived(kinds: readonly string[]): boolean {
  return kinds.some((kind) => kind === 'failed' || unsure.includes(kind));
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`.replace(/\.\.$/, '.');
}

/** What the receiver has of a delivery already. */
export function receiptOf(delivery: {
  readonly outcome: string;
  readonly class: string | null;
  readonly status: number | null;
}): string {
  const { outcome, status } = delivery;
  if (outcome === 'delivered') return 'It arrived: the receiver gets it twice.';
  if (outcome === 'rejected') return `The receiver answered ${status ?? 'an error'}: it has seen this once.`;
  return mayHaveArrived([delivery.class ?? outcome])
    ? 'Whether it arrived is not known: the receiver may get it twice.'
    : 'It never left: the receiver gets it for the first time.';
}
