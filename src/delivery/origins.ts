// How many POSTs are out at one origin (scheme, host and port), whichever webhooks' they are: each needs a connection to it. Lanes that find
// their origin full are parked, and go on one after the other; those not known to be quick find it full sooner. Invariant: where
// lanes are parked, something of the origin is claimed, or the next `unpark` lets them go on.
import { Fifo } from '../fifo.ts';
import { roomAhead, takesPart, type Ahead } from './ahead.ts';
import { count, paces, roomFor, type Pace, type Unproven } from './pace.ts';

export interface Origin<Lane, Departing> extends Ahead {
  readonly name: string;
  /** Claimed, and of that on its way; the rest is held until one of those is over. */
  inFlight: number;
  out: number;
  /** Of those claimed. */
  readonly unproven: Unproven;
  /** These are made when they are needed: an origin comes and goes with each delivery to a quiet one. */
  held: Fifo<Departing> | null;
  parked: Readonly<Record<Pace, Parked<Lane>>> | null;
}

/** In the order in which they were parked, each with its number in that. */
type Parked<Lane> = Map<Lane, number>;

/** One lane may hold half of what is left free; before its first answer, a quarter of what is left for such ones. */
const lanePart = { quick: 1 / 2, unknown: 1 / 4, slow: 1 / 2 };

/** A lane's part in it. */
export interface AtOrigin {
  inFlight: number;
  pace: Pace;
  /** Where it is parked. */
  parkedAt: string | null;
}

export class Origins<Lane extends AtOrigin, Departing> {
  readonly #limit: number;
  readonly #origins = new Map<string, Origin<Lane, Departing>>();
  /** Those where lanes are parked: never more than a few, as each is full or was. */
  readonly #waitedFor = new Set<Origin<Lane, Departing>>();
  #parkedSoFar = 0;

  /** `limit`: POSTs out at one of them at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  at(name: string): Origin<Lane, Departing> {
    let origin = this.#origins.get(name);
    if (origin === undefined) {
      origin = {
        name,
        inFlight: 0,
        out: 0,
        claimNo: 0,
        over: 0,
        overBefore: 0,
        unproven: { unknown: 0, slow: 0 },
        held: null,
        parked: null,
      };
      this.#origins.set(name, origin);
    }
    return origin;
  }

  /** Whether this lane may claim one more; if not, it is parked, or `holdsItsPart` and gets its next turn when something of its own is over. */
  admits(lane: Lane, origin: Origin<Lane, Departing>, claimNo: number): 'yes' | 'parked' | 'holdsItsPart' {
    const room = this.#room(origin, claimNo);
    const roomOfPace = this.#roomFor(lane.pace, origin);
    if (room <= 0 || roomOfPace <= 0) {
      lane.parkedAt = origin.name;
      origin.parked ??= { quick: new Map(), unknown: new Map(), slow: new Map() };
      origin.parked[lane.pace].set(lane, this.#parkedSoFar++);
      this.#waitedFor.add(origin);
      return 'parked';
    }
    const free = lane.pace === 'unknown' ? Math.min(room, roomOfPace) : room;
    return lane.inFlight < Math.max(1, free * lanePart[lane.pace]) ? 'yes' : 'holdsItsPart';
  }

  /** `pace` is to be given back with `released`. */
  taken(origin: Origin<Lane, Departing>, pace: Pace, claimNo: number): void {
    takesPart(origin, claimNo);
    origin.inFlight += 1;
    count(origin.unproven, pace, 1);
  }

  /** What was taken as of this pace is out for over a second now, and to be given back as slow. */
  overdue({ unproven }: Origin<Lane, Departing>, pace: Pace): void {
    count(unproven, pace, -1);
    count(unproven, 'slow', 1);
  }

  /** Whether it is on its way now; otherwise one of the next `departing` returns it. */
  depart(origin: Origin<Lane, Departing>, departing: Departing): boolean {
    if (origin.out >= this.#limit || hasHeld(origin)) {
      (origin.held ??= new Fifo()).push(departing);
      return false;
    }
    origin.out += 1;
    return true;
  }

  /** What was held and is on its way now: the first of it. */
  departing(origin: Origin<Lane, Departing>): Departing | undefined {
    if (origin.out >= this.#limit || !hasHeld(origin)) return undefined;
    origin.out += 1;
    return origin.held?.shift();
  }

  released(origin: Origin<Lane, Departing>, pace: Pace, wasOut: boolean): void {
    origin.inFlight -= 1;
    count(origin.unproven, pace, -1);
    origin.over += 1;
    if (wasOut) origin.out -= 1;
    this.#forgetIfEmpty(origin);
  }

  /** As many lanes as there is room for, those first that were parked first; none of them is parked any more. */
  unpark(claimNo: number): Lane[] {
    const lanes: Lane[] = [];
    for (const origin of this.#waitedFor) {
      const room = this.#room(origin, claimNo);
      const first = paces
        .flatMap((pace) => firstOf(origin.parked?.[pace], Math.min(room, this.#roomFor(pace, origin))))
        .toSorted(([, a], [, b]) => a - b);
      for (const [lane] of firstOf(first, room)) lanes.push(lane);
    }
    for (const lane of lanes) this.leave(lane);
    return lanes;
  }

  /** A lane that has reason to look again, whatever its origin has: its webhook may have moved. False: it was not parked. */
  leave(lane: Lane): boolean {
    const origin = lane.parkedAt === null ? undefined : this.#origins.get(lane.parkedAt);
    lane.parkedAt = null;
    if (origin === undefined) return false;
    // Its pace may be another one by now.
    for (const pace of paces) origin.parked?.[pace].delete(lane);
    if (!isWaitedFor(origin)) this.#waitedFor.delete(origin);
    this.#forgetIfEmpty(origin);
    return true;
  }

  #room(origin: Origin<Lane, Departing>, claimNo: number): number {
    return this.#limit + roomAhead(origin, this.#limit, claimNo) - origin.inFlight;
  }

  #roomFor(pace: Pace, { unproven }: Origin<Lane, Departing>): number {
    return roomFor(pace, unproven, this.#limit);
  }

  #forgetIfEmpty(origin: Origin<Lane, Departing>): void {
    if (origin.inFlight === 0 && !isWaitedFor(origin)) this.#origins.delete(origin.name);
  }
}

function isWaitedFor<Lane>({ parked }: Origin<Lane, unknown>): boolean {
  return parked !== null && paces.some((pace) => parked[pace].size > 0);
}

function hasHeld<Departing>({ held }: Origin<unknown, Departing>): boolean {
  return held !== null && held.length > 0;
}

function firstOf<T>(all: Iterable<T> | undefined, most: number): T[] {
  const first: T[] = [];
  for (const one of all ?? []) {
    if (first.length >= most) break;
    first.push(one);
  }
  return first;
}
