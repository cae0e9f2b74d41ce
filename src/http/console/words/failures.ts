// What an outcome means for people, and what to do about it. The words that it begins with are the service's: `rejected 503 busy`,
// `timeout after 10000 ms …`, `dropped backlog_full …`.

export interface Failure {
  /** The class, or `rejected 503`: failures with the same one belong together. */
  readonly kind: string;
  /** `503`, `no answer in time`. */
  readonly what: string;
  readonly advice: string;
}

/** Of a webhook's last error. */
export function failureOf(text: string): Failure {
  const [first = '', detail = ''] = text.split(' ', 2);
  const kind = first.replace(/:$/, '');
  if (kind === 'rejected') return rejected(Number(detail));
  if (kind === 'dropped') return dropped(detail);
  return { kind, ...(classes[kind] ?? { what: text, advice: 'Look at its deliveries.' }) };
}

/** A row of the delivery log, as far as it says what came of it. */
export interface Ended {
  /** When the attempt ended; of what was sent again, when it began (ISO 8601). */
  readonly at: string;
  /** What it repeats; null: it was not sent again. */
  readonly resendOf: string | null;
  readonly outcome: string;
  readonly class: string | null;
  readonly status: number | null;
}

// Longer than any resend may take: it has its outcome by then, or never will.
const longestResendMs = 60_000;

/** It may be being sent again at this moment: what is sent again counts as interrupted until it has ended. */
export function mayBeUnderWay({ at, resendOf, outcome }: Ended, now: Date): boolean {
  const isRepeated = resendOf !== null && outcome === 'interrupted';
  return isRepeated && now.getTime() - Date.parse(at) < longestResendMs;
}

/** Of a row of the delivery log; null: it was delivered. */
export function failureOfDelivery(delivery: Ended, now: Date): Failure | null {
  if (delivery.outcome === 'delivered') return null;
  if (delivery.outcome === 'interrupted' && delivery.resendOf !== null)
    return mayBeUnderWay(delivery, now) ? resendUnderWay : resendInterrupted;
  if (delivery.outcome === 'rejected') return rejected(delivery.status ?? 0);
  if (delivery.outcome === 'dropped') return dropped(delivery.class ?? '');
  return failureOf(delivery.class ?? delivery.outcome);
}

/** As a sentence of its own, without its full stop: `The endpoint answered 503`, `No answer in time`. */
export function happened({ what }: Failure): string {
  return isStatus(what) ? `The endpoint answered ${what}` : `${what[0]?.toUpperCase() ?? ''}${what.slice(1)}`;
}

/** It is the number of an answer. */
export function isStatus(what: string): boolean {
  return /^\d+$/.test(what);
}

function rejected(status: number): Failure {
  return { kind: `rejected ${status}`, what: String(status), advice: adviceFor(status) };
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403)
    return 'The endpoint refuses us: check the token in the URL, then send a test.';
  if (status === 404 || status === 410) return 'Nothing is there: check the path of the URL.';
  if (status === 429) return 'The endpoint wants fewer at a time: lower its concurrency under More.';
  if (status >= 300 && status < 400)
    return 'The endpoint points elsewhere, and a POST does not follow: use the address that it points to.';
  if (status >= 500)
    return 'The endpoint itself failed: its own log says why. Do not pause the webhook meanwhile, for what is committed during a pause is never sent; to keep it, edit the webhook: More, after many failures in a row, let what comes wait.';
  return 'The endpoint does not accept what it gets: the answer says why.';
}

const resendUnderWay: Failure = {
  kind: 'being sent again',
  what: 'being sent again at this moment, or its outcome was not written down',
  advice: 'There is nothing to do: how it ended is shown here as soon as it is known.',
};

const resendInterrupted: Failure = {
  kind: 'outcome not known',
  what: 'its outcome was not written down: whether it arrived is not known',
  advice: 'Look whether the endpoint has it before it is sent once more.',
};

function dropped(reason: string): Failure {
  const known = drops[reason] ?? { what: `dropped (${reason})`, advice: 'Look at its losses.' };
  return { kind: `dropped ${reason}`.trim(), ...known };
}

const drops: Readonly<Record<string, Omit<Failure, 'kind'>>> = {
  backlog_full: {
    what: 'dropped, because more was waiting than may wait',
    advice: 'The endpoint takes less than comes: make it faster, or ask for fewer operations.',
  },
  backlog_too_old: {
    what: 'dropped, because it waited for too long',
    advice: 'The endpoint was away, or paused, for longer than deliveries are kept.',
  },
  breaker_open: {
    what: 'dropped, because its breaker is open',
    advice: 'Mend the endpoint: the breaker closes as soon as one delivery arrives.',
  },
  deleted: { what: 'dropped, because the webhook was deleted', advice: 'There is nothing to do.' },
};

const classes: Readonly<Record<string, Omit<Failure, 'kind'>>> = {
  dns: { what: 'its host has no address', advice: 'Check the host in the URL: its name does not resolve.' },
  refused: {
    what: 'the connection was refused',
    advice: 'Nothing listens there: start the endpoint, or check host and port of the URL.',
  },
  tls: {
    what: 'no secure connection',
    advice: 'Check the certificate of the endpoint: its name, its chain and when it ends.',
  },
  timeout: {
    what: 'no answer in time',
    advice: 'The endpoint has ten seconds: let it answer first and work afterwards.',
  },
  reset: {
    what: 'the connection was cut',
    advice: 'The endpoint, or a proxy before it, hangs up. Whether it got the payload is not known.',
  },
  blocked_address: {
    what: 'its address is not allowed',
    advice: 'Webhooks reach https on the public internet; the operator can allow other hosts.',
  },
  too_large: { what: 'the payload is too large', advice: 'A payload may have 16 MiB: this row has more.' },
  protocol: {
    what: 'the answer is no proper HTTP',
    advice: 'Check that an HTTP server listens at this port.',
  },
  interrupted: {
    what: 'interrupted: whether it arrived is not known',
    advice:
      'The service or Postgres ended in between, and it is never sent again by itself. Compare the endpoint with the table: its losses say from which change to which.',
  },
};
