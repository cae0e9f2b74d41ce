// How many POSTs are out at one origin (scheme, host and port), whichever webhooks' they are: each needs a connection to it. Lanes that find
// their origin full are parked, and go on one after the other; slow ones find it full when they hold half of it. Invariant: where
// lanes are parked, something of the origin is claimed, or the next `unpark` lets them go on.
import { Fifo } from '../fifo.ts';
import { roomAhead, takesPart, type Ahead } from './ahead.ts';

export interface Origin<Lane, Departing> extends Ahead {
  readonly name: string;
  /** Claimed, and of that on its way; the rest is held until one of those is over. */
  inFlight: number;
  out: number;
  /** These are made when they are needed: an origin comes and goes with each delivery to a quiet one. */
  held: Fifo<Departing> | null;
  parked: Set<Lane> | null;
  /** Of those claimed, for lanes that are slow, and what such lanes wait for. */
  slowInFlight: number;
  slowParked: Set<Lane> | null;
}

/** One lane may hold half of what is left free. */
const lanePart = 1 / 2;

/** A lane's part in it. */
export interface AtOrigin {
  inFlight: number;
  isSlow: boolean;
  /** Where it is parked. */
  parkedAt: string | null;
}

export class Origins<Lane extends AtOrigin, Departing> {
  readonly #limit: number;
  readonly #origins = new Map<string, Origin<Lane, Departing>>();
  /** Those where lanes are parked: never more than a few, as each is full or was. */
  readonly #waitedFor = new Set<Origin<Lane, Departing>>();

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
        slowInFlight: 0,
        held: null,
        parked: null,
        slowParked: null,
      };
      this.#origins.set(name, origin);
    }
    return origin;
  }

  /** Whether this lane may claim one more; if not, it is parked, or `holdsItsPart` and gets its next turn when something of its own is over. */
  admits(lane: Lane, origin: Origin<Lane, Departing>, claimNo: number): 'yes' | 'parked' | 'holdsItsPart' {
    const room = this.#room(origin, claimNo);
    if (room <= 0 || (lane.isSlow && this.#slowRoom(origin) <= 0)) {
      lane.parkedAt = origin.name;
      if (lane.isSlow) (origin.slowParked ??= new Set()).add(lane);
      else (origin.parked ??= new Set()).add(lane);
      this.#waitedFor.add(origin);
      return 'parked';
    }
    return lane.inFlight < Math.max(1, room * lanePart) ? 'yes' : 'holdsItsPart';
  }

  taken(origin: Origin<Lane, Departing>, claimNo: number): void {
    takesPart(origin, claimNo);
    origin.inFlight += 1;
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

  released(origin: Origin<Lane, Departing>, wasOut: boolean): void {
    origin.inFlight -= 1;
    origin.over += 1;
    if (wasOut) origin.out -= 1;
    this.#forgetIfEmpty(origin);
  }

  /** As many lanes as there is room for, those first that were parked first; none of them is parked any more. */
  unpark(claimNo: number): Lane[] {
    const lanes: Lane[] = [];
    for (const origin of this.#waitedFor) {
      const room = this.#room(origin, claimNo);
      for (const lane of firstOf(origin.parked, room)) lanes.push(lane);
      for (const lane of firstOf(origin.slowParked, Math.min(room, this.#slowRoom(origin)))) lanes.push(lane);
    }
    for (const lane of lanes) this.leave(lane);
    return lanes;
  }

  /** A lane that has reason to look again, whatever its origin has: its webhook may have moved. False: it was not parked. */
  leave(lane: Lane): boolean {
    const origin = lane.parkedAt === null ? undefined : this.#origins.get(lane.parkedAt);
    lane.parkedAt = null;
    if (origin === undefined) return false;
    origin.parked?.delete(lane);
    origin.slowParked?.delete(lane);
    if (!isWaitedFor(origin)) this.#waitedFor.delete(origin);
    this.#forgetIfEmpty(origin);
    return true;
  }

  #room(origin: Origin<Lane, Departing>, claimNo: number): number {
    return this.#limit + roomAhead(origin, this.#limit, claimNo) - origin.inFlight;
  }

  #slowRoom({ slowInFlight }: Origin<Lane, Departing>): number {
    return Math.max(1, this.#limit / 2) - slowInFlight;
  }

  #forgetIfEmpty(origin: Origin<Lane, Departing>): void {
    if (origin.inFlight === 0 && !isWaitedFor(origin)) this.#origins.delete(origin.name);
  }
}

function isWaitedFor<Lane>({ parked, slowParked }: Origin<Lane, unknown>): boolean {
  return (parked?.size ?? 0) + (slowParked?.size ?? 0) > 0;
}

function hasHeld<Departing>({ held }: Origin<unknown, Departing>): boolean {
  return held !== null && held.length > 0;
}

function firstOf<Lane>(lanes: Set<Lane> | null, count: number): Lane[] {
  const first: Lane[] = [];
  if (lanes === null) return first;
  for (const lane of lanes) {
    if (first.length >= count) break;
    first.push(lane);
  }
  return first;
}
