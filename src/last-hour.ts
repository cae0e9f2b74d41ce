// What came in each of the last sixty minutes, in rows of counts: a ring that moves on by itself. Adding makes no object, for it is done for
// every change that is read. Invariant: a row never holds what is older.

export const minutes = 60;
export const minuteMs = 60_000;

export class LastHour {
  readonly #rows: number;
  readonly #counts: Uint32Array;
  /** Since 1970; what the ring holds ends with it. */
  #minute: number;
  #lastMinute: number;

  constructor(rows: number, minute: number) {
    this.#rows = rows;
    this.#counts = new Uint32Array(rows * minutes);
    this.#minute = minute;
    this.#lastMinute = minute;
  }

  /** Of the last that was added: reading does not move it. */
  get lastMinute(): number {
    return this.#lastMinute;
  }

  /** What is an hour older than the newest minute goes nowhere. */
  add(row: number, minute: number): void {
    if (minute > this.#minute) this.#advance(minute);
    else if (minute <= this.#minute - minutes) return;
    if (minute > this.#lastMinute) this.#lastMinute = minute;
    const at = row * minutes + (minute % minutes);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** Oldest first; the last one runs. */
  perMinute(row: number, minute: number): number[] {
    if (minute > this.#minute) this.#advance(minute);
    const [first, next] = [row * minutes, this.#minute + 1];
    return Array.from({ length: minutes }, (_, at) => this.#counts[first + ((next + at) % minutes)] ?? 0);
  }

  sum(row: number, minute: number): number {
    return this.perMinute(row, minute).reduce((total, count) => total + count, 0);
  }

  clear(row: number): void {
    this.#counts.fill(0, row * minutes, (row + 1) * minutes);
  }

  #advance(minute: number): void {
    const passed = Math.min(minute - this.#minute, minutes);
    for (let row = 0; row < this.#rows; row++)
      for (let step = 1; step <= passed; step++)
        this.#counts[row * minutes + ((this.#minute + step) % minutes)] = 0;
    this.#minute = minute;
  }
}

export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / minuteMs);
}

/** Since when the last hour was counted; null: all of it, for the counting began before. */
export function countedSince(sinceMs: number, nowMs: number): Date | null {
  return sinceMs <= (minuteOf(nowMs) - minutes + 1) * minuteMs ? null : new Date(sinceMs);
}
