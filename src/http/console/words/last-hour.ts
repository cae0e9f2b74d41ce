// The last hour in words: what was committed that a webhook asks for, what came of its deliveries, and how much of the hour is counted. What is
// not known is never called nothing.
import { amount, counted } from './amounts.ts';
import { clockTime, span } from './times.ts';

export interface Triggers {
  readonly onInsert: boolean;
  readonly onUpdate: boolean;
  readonly onDelete: boolean;
  readonly onTruncate: boolean;
}

interface Counted {
  readonly count: number;
  /** Null: the whole hour is counted. */
  readonly since: string | null;
}

/** Of its table, and of its company if it has one. */
export interface TableHour {
  readonly isLeading: boolean;
  readonly lagMs: number | null;
  readonly inserts: Counted | null;
  readonly updates: Counted | null;
  readonly deletes: Counted | null;
  readonly truncates: Counted | null;
}

export interface SentHour {
  readonly since: string | null;
  readonly lastHour: { readonly delivered: readonly number[]; readonly failed: readonly number[] };
}

export interface Asking extends Triggers {
  readonly active: boolean;
  readonly createdAt: string;
}

const hourMs = 3_600_000;
/** What takes longer to be read is missing from what is counted, and that is said. */
const noticedLagMs = 60_000;

/** Of one that is not saved yet: `In the last hour that would have been 214 POSTs: 120 inserts, 94 updates.` Null: it asks for nothing. */
export function wouldSend(triggers: Triggers, hour: TableHour, now: Date, zone?: string): string | null {
  if (!hour.isLeading) return 'How many POSTs that would be is not known here: this process does not lead.';
  const wanted = wantedOf(triggers, hour);
  if (wanted === null) return null;
  const { known, unknown, since } = wanted;
  if (known.length === 0) return 'How many POSTs that would be is not known yet.';
  const time = (at: string): string => clockTime(new Date(at), now, zone);
  const when = since === null ? 'In the last hour' : `Since ${time(since)}, as far back as it is counted,`;
  const sum = total(known);
  const posts = sum === 0 ? 'no POST' : `${counted(sum, 'POST')}: ${list(wanted, time)}`;
  const missing = unknown.length === 0 ? '' : ` Of ${unknown.join(' and ')} it is not known yet.`;
  return `${when} that would have been ${posts}.${missing}${unread(hour)}`;
}

/** `In the last hour 214 changes were committed that it asks for: 120 inserts, 94 updates.` Null: of a process that does not lead. */
export function askedFor(webhook: Asking, hour: TableHour, now: Date, zone?: string): string | null {
  if (!hour.isLeading) return null;
  const wanted = wantedOf(webhook, hour);
  if (wanted === null || wanted.known.length === 0) return 'How many changes it asks for is not known.';
  const time = (at: string): string => clockTime(new Date(at), now, zone);
  const { known, since } = wanted;
  const when = since === null ? 'In the last hour' : `Since ${time(since)}, as far back as it is counted,`;
  const sum = total(known);
  const what =
    sum === 0
      ? 'nothing was committed that it asks for'
      : `${counted(sum, 'change was', 'changes were')} committed that it asks for: ${list(wanted, time)}`;
  return `${when} ${what}.${own(webhook, since === null ? now.getTime() - hourMs : Date.parse(since), time)}${unread(hour)}`;
}

/** `214 deliveries arrived and 3 failed in the last hour.` `isResent`: something was sent again, which is not counted. */
export function sentInWords(
  { since, lastHour }: SentHour,
  now: Date,
  { zone, isResent }: { readonly zone?: string | undefined; readonly isResent: boolean },
): string {
  const [good, bad] = [total(lastHour.delivered), total(lastHour.failed)];
  const came = `${counted(good, 'delivery', 'deliveries')} arrived and ${amount(bad)} failed`;
  const what = good + bad === 0 ? 'Nothing was sent' : came;
  const besides = isResent ? ', besides what was sent again' : '';
  if (since === null) return `${what} in the last hour${besides}.`;
  const when = `since ${clockTime(new Date(since), now, zone)}, when this process began to lead`;
  return `${what} ${when}${besides}: it knows nothing of what was sent before.`;
}

export function total(counts: readonly (number | Counted)[]): number {
  return counts.reduce<number>((sum, each) => sum + (typeof each === 'number' ? each : each.count), 0);
}

interface Operation extends Counted {
  readonly noun: string;
}

interface Wanted {
  readonly known: readonly Operation[];
  /** In the plural. */
  readonly unknown: readonly string[];
  /** The first time from which on anything is counted; null: the hour. */
  readonly since: string | null;
}

function wantedOf(triggers: Triggers, hour: TableHour): Wanted | null {
  const all = [
    [triggers.onInsert, 'insert', hour.inserts],
    [triggers.onUpdate, 'update', hour.updates],
    [triggers.onDelete, 'delete', hour.deletes],
    [triggers.onTruncate, 'truncate', hour.truncates],
  ] as const;
  const chosen = all.filter(([isChosen]) => isChosen);
  if (chosen.length === 0) return null;
  const known = chosen.flatMap(([, noun, of]) => (of === null ? [] : [{ noun, ...of }]));
  const unknown = chosen.flatMap(([, noun, of]) => (of === null ? [`${noun}s`] : []));
  const since = known.map((each) => each.since).sort((a, b) => (a ?? '').localeCompare(b ?? ''))[0] ?? null;
  return { known, unknown, since };
}

/** `120 inserts, 94 updates (since 22:56:03)`: what is counted from later on says so. */
function list({ known, since }: Wanted, time: (at: string) => string): string {
  return known
    .filter(({ count }) => count > 0)
    .map(({ noun, count, since: from }) => {
      const later = from === null || from === since ? '' : ` (since ${time(from)})`;
      return `${counted(count, noun)}${later}`;
    })
    .join(', ');
}

// What is counted may have been committed before there was this webhook.
function own({ active, createdAt }: Asking, fromMs: number, time: (at: string) => string): string {
  const isNew = Date.parse(createdAt) > fromMs;
  const from = isNew
    ? ` It was created at ${time(createdAt)}: of what was committed before it is not told.`
    : '';
  return active ? from : `${from} It is paused: what is committed meanwhile is not sent.`;
}

function unread({ lagMs }: TableHour): string {
  if (lagMs === null || lagMs < noticedLagMs) return '';
  return ` What was committed in the last ${span(lagMs)} is not read yet.`;
}
