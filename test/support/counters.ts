/**
 * Waits for the counters in the database instead of for silence: what is counted as claimed and has its outcome sends
 * nothing more. Whether something was sent too much is then a question to the receiver, asked once.
 */
import type { Queryable } from './queryable.ts';
import { waitUntil } from './wait.ts';

export interface Counters {
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
  readonly missed: number;
}

export interface CountersOptions {
  /** One webhook's; without it the sums over all. */
  readonly webhookId?: string;
  readonly timeoutMs?: number;
}

export async function readCounters(database: Queryable, webhookId?: string): Promise<Counters> {
  const [row] = await database.query(
    `select coalesce(sum(claimed_count), 0) as claimed, coalesce(sum(success_count), 0) as success,
            coalesce(sum(error_count), 0) as error, coalesce(sum(missed_count), 0) as missed
       from rowhook.webhook_counter
      where $1::text is null or webhook_id = $1`,
    [webhookId ?? null],
  );
  const count = (name: keyof Counters): number => Number(row?.[name]);
  return {
    claimed: count('claimed'),
    success: count('success'),
    error: count('error'),
    missed: count('missed'),
  };
}

/** Until the named counters have exactly these values and every claim has its outcome; fails as soon as one is higher. */
export async function waitForCounters(
  database: Queryable,
  expected: Partial<Counters>,
  { webhookId, timeoutMs }: CountersOptions = {},
): Promise<Counters> {
  const wanted = Object.entries(expected) as [keyof Counters, number][];
  let seen: Counters = { claimed: 0, success: 0, error: 0, missed: 0 };
  const describe = (): string => `the counters ${JSON.stringify(expected)}; they are ${JSON.stringify(seen)}`;
  return waitUntil(
    async () => {
      seen = await readCounters(database, webhookId);
      if (wanted.some(([name, count]) => seen[name] > count)) throw new Error(`expected ${describe()}`);
      const isReached = wanted.every(([name, count]) => seen[name] === count);
      return isReached && seen.claimed === seen.success + seen.error ? seen : undefined;
    },
    { ...(timeoutMs === undefined ? {} : { timeoutMs }), describe },
  );
}
