/**
 * What became of one POST. Expected failures are values: nothing here is ever thrown. Texts made here may be read by
 * the tenant, so they carry no path of a URL, no internal address and nothing an internal target answered.
 */
import { maxPayloadBytes } from '../limits.ts';

export type FailureClass =
  'dns' | 'refused' | 'tls' | 'timeout' | 'reset' | 'blocked_address' | 'too_large' | 'protocol';

export type Outcome =
  | { readonly kind: 'delivered'; readonly status: number }
  | { readonly kind: 'rejected'; readonly status: number; readonly detail?: string }
  | { readonly kind: 'failed'; readonly class: FailureClass; readonly detail: string }
  | { readonly kind: 'interrupted'; readonly detail: string }
  | {
      readonly kind: 'dropped';
      readonly reason: 'deleted' | 'backlog_full' | 'backlog_too_old' | 'breaker_open';
    };

/** Of a change that the former primary sent to us too: whether it was claimed there is not known here. */
export const interruptedByFailover: Outcome = {
  kind: 'interrupted',
  detail: 'a standby was promoted: it may have been sent before, and is not sent again',
};

/** Not sent for its size, which is at least this. */
export function tooLarge(bytes: number): Outcome {
  const detail = `at least ${mebibytes(bytes)} MiB; a payload may have ${mebibytes(maxPayloadBytes)} MiB`;
  return { kind: 'failed', class: 'too_large', detail };
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

/** One line whose first word is the outcome's class: `rejected 503 busy`, `timeout after 10000 ms …`, `dropped deleted`. */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'delivered':
      return `delivered ${outcome.status}`;
    case 'rejected':
      return join(`rejected ${outcome.status}`, outcome.detail);
    case 'failed':
      return join(outcome.class, outcome.detail);
    case 'interrupted':
      return join('interrupted', outcome.detail);
    case 'dropped':
      return describeDrop(outcome.reason);
  }
}

/** Also for a reason that a newer release wrote down. */
export function describeDrop(reason: string): string {
  return join(`dropped ${reason}`, dropDetail(reason));
}

/** Empty where the reason says it all, or is one of a newer release. */
export function dropDetail(reason: string): string {
  return dropDetails[reason] ?? '';
}

const dropDetails: Readonly<Record<string, string>> = {
  backlog_full: 'more was waiting than ROWHOOK_BACKLOG_MAX_ROWS or ROWHOOK_BACKLOG_MAX_BYTES allows',
  breaker_open:
    'its endpoint failed many times in a row, and its breaker drops what comes until one arrives again',
  backlog_too_old: 'it was waiting for longer than ROWHOOK_BACKLOG_MAX_AGE_MS allows',
};

function join(head: string, detail: string | undefined): string {
  const tail = singleLine(detail ?? '', 400);
  return tail === '' ? head : `${head} ${tail}`;
}

/**
 * Text that is safe in a log line, a terminal and a `text` column: control, format, separator and unpaired surrogate
 * characters become spaces, runs of spaces one, and what is longer than `maxCharacters` ends in an ellipsis.
 */
export function singleLine(text: string, maxCharacters: number): string {
  const clean = withoutCut(text.replace(/[\p{C}\p{Z}]+/gu, ' ')).trim();
  const characters = [...clean];
  return characters.length <= maxCharacters ? clean : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/**
 * Text from bytes that were cut somewhere, without what is left of its last character. By hand: a search for the end of a
 * run of them begins again at each, and an endpoint may answer nothing else.
 */
export function withoutCut(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 0xfffd) end -= 1;
  return text.slice(0, end);
}
