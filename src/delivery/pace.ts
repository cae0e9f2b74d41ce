// How quickly an endpoint is known to answer, and what part of the places those may hold together that are not known to be quick. One that
// hangs is known to be slow after a second only: so whoever has not answered yet is not trusted with all that is free. Invariant:
// one that is known to be quick finds a place, however many others hang.

/** `slow`: one of its POSTs took over a second, and no quicker answer came since; `unknown`: none is over yet. */
export type Pace = 'quick' | 'unknown' | 'slow';

/** Places held by others than quick ones. */
export interface Unproven {
  unknown: number;
  slow: number;
}

export const paces = ['quick', 'unknown', 'slow'] as const satisfies Pace[];

/** Of all places, for slow ones; and for these with the unknown ones. */
const slowPart = 1 / 2;
const unprovenPart = 7 / 8;

/** How many more places endpoints of this pace may take, beside what limits all of them. */
export function roomFor(pace: Pace, held: Unproven, places: number): number {
  if (pace === 'quick') return Infinity;
  const unproven = Math.max(1, places * unprovenPart) - held.unknown - held.slow;
  return pace === 'unknown' ? unproven : Math.min(unproven, Math.max(1, places * slowPart) - held.slow);
}

export function count(held: Unproven, pace: Pace, places: number): void {
  if (pace !== 'quick') held[pace] += places;
}

/** What endpoints were last known to be: those that were heard of last. */
export class KnownPaces {
  readonly #max: number;
  readonly #paces = new Map<bigint, Pace>();

  /** `max`: endpoints that it remembers. */
  constructor(max: number) {
    this.#max = max;
  }

  of(uid: bigint): Pace {
    return this.#paces.get(uid) ?? 'unknown';
  }

  remember(uid: bigint, pace: Pace): void {
    this.#paces.delete(uid);
    this.#paces.set(uid, pace);
    if (this.#paces.size <= this.#max) return;
    for (const oldest of this.#paces.keys()) {
      this.#paces.delete(oldest);
      return;
    }
  }
}
