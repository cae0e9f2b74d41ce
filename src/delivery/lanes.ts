// Deliveries that wait in memory, and those that are out, a lane per webhook. Which of a lane are ready says record-order.ts, whose turn it is
// turns.ts, whether its origin has room origins.ts, and when all that holds the reader backpressure.ts. Invariant: two
// deliveries of one record of one webhook are never out at the same time, and leave in the order of the log.
import { Fifo } from '../fifo.ts';
import { roomAhead, takesPart, type Ahead } from './ahead.ts';
import { Backpressure, type BackpressureLimits, type Load } from './backpressure.ts';
import { BytesOut } from './bytes-out.ts';
import type { Delivery } from './delivery.ts';
import { Origins, type AtOrigin, type Origin } from './origins.ts';
import { KnownPaces, type Pace } from './pace.ts';
import { Rate } from './rate.ts';
import { RecordOrder, type Placed } from './record-order.ts';
import { Turns, type Company, type Turn } from './turns.ts';

/** Of what waits, these hold the reader. */
export interface LaneLimits extends BackpressureLimits {
  /** POSTs of all webhooks at a time. */
  readonly maxInFlight: number;
  /** And of all that go to one origin. */
  readonly maxOutPerOrigin: number;
  /** Of what is out, large payloads only, once for all webhooks that share one. */
  readonly maxBytesOut: number;
  readonly maxBytesOutPerLane: number;
}

interface Waiting extends Placed<Waiting> {
  readonly lane: Lane;
  /** As of its claim; a webhook that moves takes its new one's places from the next claim on. */
  origin: Origin<Lane, Departing> | null;
  /** As which it is counted there. */
  pace: Pace;
  /** Both as of the last look before. */
  takenAtMs: number;
  departedAtMs: number;
  isOverdue: boolean;
}

interface Departing {
  readonly taken: Waiting;
  go(): void;
}

interface Lane extends Turn<Lane>, AtOrigin, Ahead, Load {
  readonly company: Company<Lane>;
  readonly uid: bigint;
  readonly ready: Fifo<Waiting>;
  /** Not claimed yet, in order. */
  readonly waiting: Set<Waiting>;
  readonly order: RecordOrder<Waiting>;
  readonly rate: Rate;
  bytes: number;
  bytesOut: number;
  /** Of what is claimed, on its way; the rest is held until one of those is over. */
  out: number;
  readonly held: Fifo<Departing>;
  /** As many of it may be out, as of its last turn. */
  places: number;
}

/** An endpoint that takes longer for an answer is a slow one. */
const slowAfterMs = 1_000;

/** Of that many endpoints it is kept how quick they were while nothing was to be sent to them. */
const maxKnownPaces = 20_000;

export class Lanes {
  readonly #limits: LaneLimits;
  readonly #mayBeOut: (uid: bigint) => number;
  readonly #mayClaimAhead: (uid: bigint) => boolean;
  readonly #originOf: (uid: bigint) => string;
  readonly #lanes = new Map<bigint, Lane>();
  readonly #paces = new KnownPaces(maxKnownPaces);
  readonly #turns: Turns<Lane>;
  readonly #origins: Origins<Lane, Departing>;
  readonly #claimed = new Map<Delivery, Waiting>();
  readonly #out: BytesOut<Lane>;
  readonly #backpressure: Backpressure<Lane>;
  #waiting = 0;
  #lookedAtMs: number | null = null;
  /** Claims made so far; what is taken now is for the next. */
  #claimNo = 0;

  /**
   * `mayBeOut`: how many POSTs of this webhook, 0 while it may not be sent to; call `wake` when it is more; `mayClaimAhead`: whether
   * more of it may be claimed than that; `originOf`: where it is sent to, call `wake` when it is elsewhere.
   */
  constructor(
    limits: LaneLimits,
    mayBeOut: (uid: bigint) => number,
    mayClaimAhead: (uid: bigint) => boolean = () => true,
    originOf: (uid: bigint) => string = String,
  ) {
    this.#limits = limits;
    this.#mayBeOut = mayBeOut;
    this.#mayClaimAhead = mayClaimAhead;
    this.#originOf = originOf;
    this.#turns = new Turns(limits.maxInFlight);
    this.#origins = new Origins(limits.maxOutPerOrigin);
    this.#out = new BytesOut(limits.maxBytesOut);
    this.#backpressure = new Backpressure(limits);
  }

  /** Deliveries that are not claimed yet. */
  get waiting(): number {
    return this.#waiting;
  }

  get inFlight(): number {
    return this.#claimed.size;
  }

  /** How many endpoints are known to be slow. */
  get slow(): number {
    return [...this.#lanes.values()].filter(({ pace }) => pace === 'slow').length;
  }

  /** Whether the reader has to stop. It may still hand over what it has in hand. */
  get isFull(): boolean {
    return this.#backpressure.isFull;
  }

  /** Measures how fast the lanes empty, and which endpoints are slow; to be called now and then. */
  look(nowMs: number): void {
    this.#findSlow(nowMs);
    const elapsedMs = nowMs - (this.#lookedAtMs ?? nowMs);
    this.#lookedAtMs = nowMs;
    this.#backpressure.look(nowMs, elapsedMs);
    if (elapsedMs <= 0) return;
    for (const lane of this.#lanes.values()) lane.rate.look(elapsedMs);
  }

  /**
   * Whether what waits for this webhook is sent soon, as fast as it goes now; or waits for its turn alone, and for no answer: of thousands of
   * webhooks each is slow, though its endpoint is not.
   */
  isDraining(uid: bigint): boolean {
    const lane = this.#lanes.get(uid);
    if (lane === undefined || lane.waiting.size <= lane.rate.soon) return true;
    return lane.ready.length > 0 && lane.inFlight < Math.max(1, lane.places);
  }

  /** For how long the reader has been held for what waits here, if only on and off. */
  fullForMs(nowMs: number): number {
    return this.#backpressure.fullForMs(nowMs);
  }

  /** The webhooks of the companies that it is held for: of each the one that has waited longest. */
  heldFor(): Delivery[] {
    return [...this.#lanes.values()]
      .filter((lane) => this.#backpressure.isHeldFor(lane))
      .map(first)
      .filter((oldest) => oldest !== undefined)
      .map(({ delivery }) => delivery);
  }

  /** Of each webhook with deliveries that are not claimed yet the one that has waited longest. */
  oldest(): Delivery[] {
    const oldest: Delivery[] = [];
    for (const lane of this.#lanes.values()) {
      const waiting = first(lane);
      if (waiting !== undefined) oldest.push(waiting.delivery);
    }
    return oldest;
  }

  get oldestReadAtMs(): number {
    let oldest = Infinity;
    for (const lane of this.#lanes.values()) {
      oldest = Math.min(oldest, first(lane)?.delivery.readAtMs ?? Infinity);
    }
    return oldest;
  }

  /** How many of this webhook are not claimed yet. */
  waitingOf(uid: bigint): number {
    return this.#lanes.get(uid)?.waiting.size ?? 0;
  }

  /** And how large they are together. */
  waitingBytesOf(uid: bigint): number {
    return this.#lanes.get(uid)?.bytes ?? 0;
  }

  /** The one of this webhook that has waited longest. */
  oldestOf(uid: bigint): Delivery | undefined {
    const lane = this.#lanes.get(uid);
    return lane === undefined ? undefined : first(lane)?.delivery;
  }

  admit(delivery: Delivery): void {
    const lane = this.#lane(delivery);
    const waiting: Waiting = {
      delivery,
      lane,
      followers: [],
      blockers: 0,
      isDropped: false,
      origin: null,
      pace: 'unknown',
      takenAtMs: 0,
      departedAtMs: Infinity,
      isOverdue: false,
    };
    lane.waiting.add(waiting);
    this.#count(lane, delivery, 1);
    if (lane.order.add(waiting)) this.#makeReady(lane, waiting);
  }

  /**
   * Up to `max` deliveries to claim, a webhook after the other: those that may go to a socket now, and those that will by the time that the
   * claim is durable. Each goes with `depart` and is given back with `release`.
   */
  take(max: number): Delivery[] {
    const taken: Delivery[] = [];
    this.#unpark();
    while (taken.length < max && this.#turns.free > 0) {
      const lane = this.#turns.next();
      if (lane === undefined) {
        // Those that went on may have had nothing to send.
        if (this.#unpark()) continue;
        break;
      }
      const next = this.#takeFrom(lane);
      if (next === undefined) continue;
      taken.push(next);
      this.#queue(lane);
    }
    if (taken.length > 0) this.#claimNo += 1;
    return taken;
  }

  /** Nothing: the lane gets its next turn once what is in its way is not any more. */
  #takeFrom(lane: Lane): Delivery | undefined {
    const places = this.#mayBeOut(lane.uid);
    if (lane.inFlight >= this.#mayClaim(lane, places)) return undefined;
    const next = nextReady(lane);
    if (next === undefined) return undefined;
    const origin = this.#origins.at(this.#originOf(lane.uid));
    const answer = this.#origins.admits(lane, origin, this.#claimNo);
    if (answer === 'parked') this.#turns.park(lane);
    const { delivery } = next;
    if (answer !== 'yes' || !this.#hasRoom(lane, delivery)) return undefined;
    lane.ready.shift();
    lane.waiting.delete(next);
    takesPart(lane, this.#claimNo);
    this.#turns.taken(lane);
    this.#origins.taken(origin, lane.pace, this.#claimNo);
    lane.places = places;
    next.origin = origin;
    next.pace = lane.pace;
    next.takenAtMs = this.#lookedAtMs ?? 0;
    lane.bytesOut += delivery.payload.bytes;
    this.#count(lane, delivery, -1);
    this.#claimed.set(delivery, next);
    return delivery;
  }

  #unpark(): boolean {
    const lanes = this.#origins.unpark(this.#claimNo);
    for (const lane of lanes) this.#turns.unparkLane(lane);
    return lanes.length > 0;
  }

  /** Calls `go` at once, or when as many of its webhook, and of its origin, as may be out at a time are out no more. */
  depart(delivery: Delivery, go: () => void): void {
    const taken = this.#claimed.get(delivery);
    if (taken === undefined) throw new Error('what departs was not taken');
    const { lane } = taken;
    const departing = { taken, go };
    if (lane.out >= lane.places) {
      lane.held.push(departing);
      return;
    }
    lane.out += 1;
    this.#leave(departing);
  }

  // It has a place of its webhook, and needs one of its origin.
  #leave(departing: Departing): void {
    const { origin } = departing.taken;
    if (origin === null || this.#origins.depart(origin, departing)) this.#go(departing);
  }

  #go({ taken, go }: Departing): void {
    taken.departedAtMs = this.#lookedAtMs ?? 0;
    go();
  }

  /** A delivery that departed is over: the next ones of its records may go. */
  release(delivery: Delivery): void {
    const done = this.#claimed.get(delivery);
    if (done === undefined) return;
    this.#claimed.delete(delivery);
    const { lane } = done;
    const { pace } = lane;
    this.#turns.released(lane, done.isOverdue);
    if (lane.pace !== pace) this.#lookAgain(lane);
    lane.bytesOut -= delivery.payload.bytes;
    lane.rate.count();
    this.#backpressure.countDone();
    this.#pass(lane, done);
    for (const waiter of this.#out.give(delivery.payload)) this.#queue(waiter);
    this.#queue(lane);
    lane.over += 1;
    const next = lane.out > lane.places ? undefined : lane.held.shift();
    if (next === undefined) lane.out -= 1;
    else this.#leave(next);
    this.#releaseOrigin(done);
    this.#forgetIfEmpty(lane);
  }

  #releaseOrigin({ origin, departedAtMs, pace }: Waiting): void {
    if (origin === null) return;
    this.#origins.released(origin, pace, departedAtMs < Infinity);
    for (;;) {
      const next = this.#origins.departing(origin);
      if (next === undefined) return;
      this.#go(next);
    }
  }

  /** A webhook may have more out than before, or has moved. */
  wake(uid: bigint): void {
    const lane = this.#lanes.get(uid);
    if (lane === undefined) return;
    this.#lookAgain(lane);
    this.#queue(lane);
  }

  // Where it is parked, what it waits for there may not be in its way any more.
  #lookAgain(lane: Lane): void {
    if (this.#origins.leave(lane)) this.#turns.unparkLane(lane);
  }

  /** Takes out, in order, everything of a webhook that is not claimed yet. */
  drop(uid: bigint): Delivery[] {
    const lane = this.#lanes.get(uid);
    if (lane === undefined) return [];
    const dropped = [...lane.waiting];
    for (const waiting of dropped) this.#drop(lane, waiting);
    this.#forgetIfEmpty(lane);
    return dropped.map(({ delivery }) => delivery);
  }

  /** Takes out the one of a webhook that has waited longest: what waits for it goes on. */
  dropOldest(uid: bigint): Delivery | undefined {
    const lane = this.#lanes.get(uid);
    const oldest = lane === undefined ? undefined : first(lane);
    if (lane === undefined || oldest === undefined) return undefined;
    this.#drop(lane, oldest);
    this.#forgetIfEmpty(lane);
    return oldest.delivery;
  }

  #mayClaim(lane: Lane, places: number): number {
    if (places === 0 || !this.#mayClaimAhead(lane.uid)) return places;
    return places + roomAhead(lane, places, this.#claimNo);
  }

  // What was taken first comes first.
  #findSlow(nowMs: number): void {
    for (const waiting of this.#claimed.values()) {
      if (nowMs - waiting.takenAtMs < slowAfterMs) break;
      if (waiting.isOverdue || nowMs - waiting.departedAtMs < slowAfterMs) continue;
      waiting.isOverdue = true;
      if (waiting.origin !== null) this.#origins.overdue(waiting.origin, waiting.pace);
      waiting.pace = 'slow';
      this.#turns.overdue(waiting.lane);
    }
    this.#turns.unpark();
  }

  #drop(lane: Lane, waiting: Waiting): void {
    waiting.isDropped = true;
    lane.waiting.delete(waiting);
    this.#count(lane, waiting.delivery, -1);
    // Otherwise it keeps its place until those before it are done: whoever comes after it still waits for them.
    if (waiting.blockers === 0) this.#pass(lane, waiting);
  }

  #pass(lane: Lane, waiting: Waiting): void {
    lane.order.leave(waiting, (next) => {
      this.#makeReady(lane, next);
    });
  }

  #lane({ webhook: { uid, companyId } }: Delivery): Lane {
    let lane = this.#lanes.get(uid);
    if (lane === undefined) {
      lane = {
        uid,
        company: this.#turns.join(companyId),
        ready: new Fifo(),
        waiting: new Set(),
        order: new RecordOrder(),
        rate: new Rate(),
        bytes: 0,
        unstored: 0,
        unstoredBytes: 0,
        inFlight: 0,
        bytesOut: 0,
        out: 0,
        held: new Fifo(),
        places: 0,
        claimNo: 0,
        over: 0,
        overBefore: 0,
        parkedAt: null,
        isInTurn: false,
        isParked: false,
        pace: this.#paces.of(uid),
        overdue: 0,
      };
      this.#lanes.set(uid, lane);
    }
    return lane;
  }

  // A lane without room is queued again by `release`: its own, or that of what takes the room of all.
  #hasRoom(lane: Lane, { payload }: Delivery): boolean {
    const isLaneFull = lane.inFlight > 0 && lane.bytesOut + payload.bytes > this.#limits.maxBytesOutPerLane;
    return !isLaneFull && this.#out.take(payload, lane);
  }

  #makeReady(lane: Lane, waiting: Waiting): void {
    lane.ready.push(waiting);
    this.#queue(lane);
  }

  #queue(lane: Lane): void {
    if (lane.ready.length > 0) this.#turns.queue(lane);
  }

  #count(lane: Lane, { payload, change }: Delivery, deliveries: 1 | -1): void {
    const bytes = deliveries * payload.bytes;
    this.#waiting += deliveries;
    lane.bytes += bytes;
    if (change !== null) this.#backpressure.count(lane, deliveries, bytes);
  }

  #forgetIfEmpty(lane: Lane): void {
    if (lane.waiting.size > 0 || lane.inFlight > 0 || !this.#lanes.delete(lane.uid)) return;
    this.#paces.remember(lane.uid, lane.pace);
    this.#turns.leave(lane.company);
  }
}

function first({ waiting }: Lane): Waiting | undefined {
  for (const oldest of waiting) return oldest;
  return undefined;
}

/** It stays the first of those that are ready. */
function nextReady(lane: Lane): Waiting | undefined {
  for (;;) {
    const next = lane.ready.head;
    if (next?.isDropped !== true) return next;
    lane.ready.shift();
  }
}
