// Deliveries that wait in memory, a lane per webhook. A delivery is ready when the ones before it on the same record are done;
// whose turn it is says turns.ts. Invariant: two deliveries of one record of one webhook are never out at the same time, and leave
// in the order of the log. One for all records, a TRUNCATE, is out alone: after all before it, before all after it.
import { Fifo } from '../fifo.ts';
import { roomAhead, takesPart, type Ahead } from './ahead.ts';
import { BytesOut } from './bytes-out.ts';
import type { Delivery } from './delivery.ts';
import { Origins, type AtOrigin, type Origin } from './origins.ts';
import { KnownPaces, type Pace } from './pace.ts';
import { Turns, type Turn } from './turns.ts';

/** But for POSTs at a time and what is out, these hold the reader; what came from the backlog, whose window has limits of its own, does not. */
export interface LaneLimits {
  /** POSTs of all webhooks at a time. */
  readonly maxInFlight: number;
  /** And of all that go to one origin. */
  readonly maxOutPerOrigin: number;
  readonly maxDeliveriesPerLane: number;
  readonly maxBytesPerLane: number;
  /** Of all lanes: what is sent within `maxWaitMs`, but not fewer and not more than these. */
  readonly minDeliveries: number;
  readonly maxDeliveries: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  /** Of what is out, large payloads only, once for all webhooks that share one. */
  readonly maxBytesOut: number;
  readonly maxBytesOutPerLane: number;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly lane: Lane;
  readonly followers: Waiting[];
  blockers: number;
  isDropped: boolean;
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

interface Lane extends Turn<Lane>, AtOrigin, Ahead {
  readonly uid: bigint;
  readonly ready: Fifo<Waiting>;
  /** Not claimed yet, in order. */
  readonly waiting: Set<Waiting>;
  /** The last delivery of each record that is not done. */
  readonly tails: Map<string, Waiting>;
  /** The last delivery for all records that is not done; whatever is in `tails` came after it. */
  barrier: Waiting | null;
  bytes: number;
  /** Of what waits, straight from the log. */
  unstored: number;
  unstoredBytes: number;
  bytesOut: number;
  /** Of what is claimed, on its way; the rest is held until one of those is over. */
  out: number;
  readonly held: Fifo<Departing>;
  /** As many of it may be out, as of its last turn. */
  places: number;
  /** Since the last look, and about how many in a second, as far as that is known after so short a time. */
  done: number;
  perSecond: number;
  lookedForMs: number;
}

/** Where lanes hold the reader, companies that have a larger part of what waits than this are who it is held for. */
const largePart = 1 / 16;

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
  readonly #full = new Set<Lane>();
  readonly #out: BytesOut<Lane>;
  #waiting = 0;
  /** Of those, straight from the log. */
  #unstored = 0;
  #unstoredBytes = 0;
  #done = 0;
  #perSecond = 0;
  #lookedAtMs: number | null = null;
  /** Claims made so far; what is taken now is for the next. */
  #claimNo = 0;
  /** Since when lanes have held the reader, if only on and off. */
  #fullSinceMs: number | null = null;

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
    return this.#isFull(1);
  }

  #isFull(part: number): boolean {
    if (this.#full.size > 0) return true;
    return this.#unstored >= this.#capacity * part || this.#unstoredBytes >= this.#limits.maxBytes * part;
  }

  // Reading further ahead than this sends nothing sooner.
  get #capacity(): number {
    const { minDeliveries, maxDeliveries, maxWaitMs } = this.#limits;
    return Math.min(maxDeliveries, Math.max(minDeliveries, (this.#perSecond * maxWaitMs) / 1000));
  }

  /** Measures how fast the lanes empty, and which endpoints are slow; to be called now and then. */
  look(nowMs: number): void {
    this.#findSlow(nowMs);
    // Half, because this looks at any moment between a release of the reader and the next hold.
    if (this.#isFull(1 / 2)) this.#fullSinceMs ??= nowMs;
    else if (this.#unstored < this.#limits.minDeliveries / 8) this.#fullSinceMs = null;
    const elapsedMs = nowMs - (this.#lookedAtMs ?? nowMs);
    this.#lookedAtMs = nowMs;
    if (elapsedMs <= 0) return;
    this.#perSecond = smooth(this.#perSecond, this.#done, elapsedMs);
    this.#done = 0;
    for (const lane of this.#lanes.values()) {
      lane.perSecond = smooth(lane.perSecond, lane.done, elapsedMs);
      lane.done = 0;
      lane.lookedForMs += elapsedMs;
    }
  }

  /**
   * Whether what waits for this webhook is sent within a second, as fast as it goes now, and within three at the pace of the first
   * second, in which a process that just started is slow; or waits for its turn alone, and for no answer: of thousands of
   * webhooks each is slow, though its endpoint is not.
   */
  isDraining(uid: bigint): boolean {
    const lane = this.#lanes.get(uid);
    if (lane === undefined || lane.waiting.size <= sentSoon(lane)) return true;
    return lane.ready.length > 0 && lane.inFlight < Math.max(1, lane.places);
  }

  /** For how long the reader has been held for what waits here, if only on and off. */
  fullForMs(nowMs: number): number {
    return this.#fullSinceMs === null ? 0 : nowMs - this.#fullSinceMs;
  }

  /** The webhooks of the companies that it is held for: of each the one that has waited longest. */
  heldFor(): Delivery[] {
    const least = this.#unstored * largePart;
    return [...this.#lanes.values()]
      .filter(({ company, unstored }) => unstored > 0 && company.unstored >= least)
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
    for (const before of line(lane, waiting)) {
      if (before.followers.at(-1) === waiting) continue;
      before.followers.push(waiting);
      waiting.blockers += 1;
    }
    lane.waiting.add(waiting);
    this.#count(lane, delivery, 1);
    if (waiting.blockers === 0) this.#makeReady(lane, waiting);
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
    lane.done += 1;
    this.#done += 1;
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
    const over = [waiting];
    for (let next = over.pop(); next !== undefined; next = over.pop()) {
      leave(lane, next);
      for (const follower of next.followers) {
        follower.blockers -= 1;
        if (follower.blockers > 0) continue;
        if (follower.isDropped) over.push(follower);
        else this.#makeReady(lane, follower);
      }
    }
  }

  #lane({ webhook: { uid, companyId } }: Delivery): Lane {
    let lane = this.#lanes.get(uid);
    if (lane === undefined) {
      lane = {
        uid,
        company: this.#turns.join(companyId),
        ready: new Fifo(),
        waiting: new Set(),
        tails: new Map(),
        barrier: null,
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
        done: 0,
        perSecond: 0,
        lookedForMs: 0,
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
    const { maxDeliveriesPerLane, maxBytesPerLane } = this.#limits;
    const bytes = deliveries * payload.bytes;
    this.#waiting += deliveries;
    lane.bytes += bytes;
    if (change === null) return;
    this.#unstored += deliveries;
    this.#unstoredBytes += bytes;
    lane.unstored += deliveries;
    lane.company.unstored += deliveries;
    lane.unstoredBytes += bytes;
    if (lane.unstored >= maxDeliveriesPerLane || lane.unstoredBytes >= maxBytesPerLane) this.#full.add(lane);
    else if (lane.unstored <= maxDeliveriesPerLane / 2 && lane.unstoredBytes <= maxBytesPerLane / 2) {
      this.#full.delete(lane);
    }
  }

  #forgetIfEmpty(lane: Lane): void {
    if (lane.waiting.size > 0 || lane.inFlight > 0 || !this.#lanes.delete(lane.uid)) return;
    this.#paces.remember(lane.uid, lane.pace);
    this.#turns.leave(lane.company);
  }
}

/** Puts it behind everything of its records, and returns that: what it has to wait for. */
function line(lane: Lane, waiting: Waiting): Waiting[] {
  const { tails, barrier } = lane;
  const { keys } = waiting.delivery;
  if (keys === 'all') {
    // What is not a tail any more has one behind it.
    const before = [...tails.values(), ...(barrier === null ? [] : [barrier])];
    tails.clear();
    lane.barrier = waiting;
    return before;
  }
  const before: Waiting[] = [];
  for (const key of keys) {
    const last = tails.get(key) ?? barrier;
    tails.set(key, waiting);
    if (last !== null) before.push(last);
  }
  return before;
}

/** Nothing has to wait for it any more. */
function leave(lane: Lane, waiting: Waiting): void {
  const { keys } = waiting.delivery;
  if (lane.barrier === waiting) lane.barrier = null;
  if (keys === 'all') return;
  for (const key of keys) if (lane.tails.get(key) === waiting) lane.tails.delete(key);
}

// Half of it is what was so in the last quarter of a second.
function smooth(perSecond: number, done: number, elapsedMs: number): number {
  return perSecond + weightOf(elapsedMs) * ((done * 1000) / elapsedMs - perSecond);
}

function weightOf(elapsedMs: number): number {
  return 1 - 0.5 ** (elapsedMs / 250);
}

// What came before the first look counts as nothing in the mean, and has to be left out of it.
function sentSoon({ perSecond, lookedForMs }: Lane): number {
  if (lookedForMs === 0) return 0;
  const seconds = lookedForMs < 1_000 ? 3 : 1;
  return (perSecond / weightOf(lookedForMs)) * seconds;
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
