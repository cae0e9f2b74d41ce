// Who sends next, and how many places each may hold. Companies take turns, and in each its lanes. While places are plenty whoever asks
// gets them; the fewer are free, the less one may hold. Invariant: endpoints known to be slow hold half of the places at most, however
// many they are, and those not known to be quick leave some to those that are.
import { Fifo } from '../fifo.ts';
import { count, roomFor, type Pace, type Unproven } from './pace.ts';

/** A lane's part in it. */
export interface Turn<Lane> {
  readonly company: Company<Lane>;
  inFlight: number;
  isInTurn: boolean;
  /** In turn, among those of its pace that found no place. */
  isParked: boolean;
  pace: Pace;
  /** How many are out for longer than that. */
  overdue: number;
}

export interface Company<Lane> {
  readonly id: string | null;
  readonly turns: Fifo<Lane>;
  lanes: number;
  inFlight: number;
  isInTurn: boolean;
  /** Of what waits in its lanes, straight from the log. */
  unstored: number;
}

/** One lane may hold a quarter of what is left free: forty that hang all at once leave the next one as many as each of them has. */
const lanePart = 1 / 4;
/** And a company thrice as many as are left free. */
const companyPart = 3;

export class Turns<Lane extends Turn<Lane>> {
  readonly #places: number;
  readonly #companies = new Map<string, Company<Lane>>();
  readonly #queue = new Fifo<Company<Lane>>();
  /** Those that found the places for their pace taken; they count as being in turn. One that is parked no more was here. */
  readonly #parked = { unknown: new Fifo<Lane>(), slow: new Fifo<Lane>() };
  readonly #unproven: Unproven = { unknown: 0, slow: 0 };
  #inFlight = 0;

  /** `places`: POSTs of all at a time. */
  constructor(places: number) {
    this.#places = places;
  }

  get free(): number {
    return this.#places - this.#inFlight;
  }

  /** For a new lane, until `leave`; null: a webhook for all companies, which is like one of its own. */
  join(id: string | null): Company<Lane> {
    const known = id === null ? undefined : this.#companies.get(id);
    const company = known ?? { id, turns: new Fifo(), lanes: 0, inFlight: 0, isInTurn: false, unstored: 0 };
    if (id !== null) this.#companies.set(id, company);
    company.lanes += 1;
    return company;
  }

  leave(company: Company<Lane>): void {
    company.lanes -= 1;
    if (company.lanes === 0 && company.id !== null) this.#companies.delete(company.id);
  }

  /** It has something to send: it gets a turn, once. */
  queue(lane: Lane): void {
    if (lane.isInTurn) return;
    lane.isInTurn = true;
    lane.company.turns.push(lane);
    this.#queueCompany(lane.company);
  }

  /** Whose turn it is. One that may not hold more now gets its next turn when something of its own is over. */
  next(): Lane | undefined {
    for (let company = this.#queue.shift(); company !== undefined; company = this.#queue.shift()) {
      company.isInTurn = false;
      if (company.inFlight >= Math.max(1, this.free * companyPart)) continue;
      const lane = company.turns.shift();
      this.#queueCompany(company);
      if (lane === undefined) continue;
      if (lane.pace !== 'quick' && this.#roomFor(lane.pace) <= 0) {
        lane.isParked = true;
        this.#parked[lane.pace].push(lane);
        continue;
      }
      lane.isInTurn = false;
      if (lane.inFlight < Math.max(1, this.#freeFor(lane.pace) * lanePart)) return lane;
    }
    return undefined;
  }

  /** It had its turn, and gets no other until `unparkLane`: what it waits for is not its own. */
  park(lane: Lane): void {
    lane.isInTurn = true;
  }

  unparkLane(lane: Lane): void {
    lane.isInTurn = false;
    this.queue(lane);
  }

  taken(lane: Lane): void {
    lane.inFlight += 1;
    lane.company.inFlight += 1;
    this.#inFlight += 1;
    count(this.#unproven, lane.pace, 1);
  }

  released(lane: Lane, wasOverdue: boolean): void {
    lane.inFlight -= 1;
    lane.company.inFlight -= 1;
    this.#inFlight -= 1;
    if (lane.pace !== 'quick') this.#unprovenReleased(lane, wasOverdue);
    this.#queueCompany(lane.company);
  }

  /** One of its POSTs is out for over a second now. */
  overdue(lane: Lane): void {
    lane.overdue += 1;
    this.#become(lane, 'slow');
  }

  /** Lets those go on for which there is room again; also to be called now and then, for some have nothing to send any more. */
  unpark(): void {
    for (const pace of ['unknown', 'slow'] as const) {
      const parked = this.#parked[pace];
      for (let room = this.#roomFor(pace); room > 0 && parked.length > 0;) {
        const lane = parked.shift();
        if (lane?.isParked !== true) continue;
        this.#leavePark(lane);
        room -= 1;
      }
    }
  }

  #freeFor(pace: Pace): number {
    return pace === 'unknown' ? Math.min(this.free, this.#roomFor(pace)) : this.free;
  }

  #roomFor(pace: Pace): number {
    return roomFor(pace, this.#unproven, this.#places);
  }

  #unprovenReleased(lane: Lane, wasOverdue: boolean): void {
    count(this.#unproven, lane.pace, -1);
    if (wasOverdue) lane.overdue -= 1;
    else if (lane.overdue === 0) this.#become(lane, 'quick');
    this.unpark();
  }

  #become(lane: Lane, pace: Pace): void {
    count(this.#unproven, lane.pace, -lane.inFlight);
    lane.pace = pace;
    count(this.#unproven, pace, lane.inFlight);
    if (pace === 'quick' && lane.isParked) this.#leavePark(lane);
  }

  #leavePark(lane: Lane): void {
    lane.isParked = false;
    this.unparkLane(lane);
  }

  #queueCompany(company: Company<Lane>): void {
    if (company.isInTurn || company.turns.length === 0) return;
    company.isInTurn = true;
    this.#queue.push(company);
  }
}
