// How many deliveries are over in a second: of the mean, half is what was so in the last quarter of a second.

export class Rate {
  #perSecond = 0;
  #done = 0;
  #lookedForMs = 0;

  get perSecond(): number {
    return this.#perSecond;
  }

  /** One more is over. */
  count(): void {
    this.#done += 1;
  }

  look(elapsedMs: number): void {
    this.#perSecond += weightOf(elapsedMs) * ((this.#done * 1000) / elapsedMs - this.#perSecond);
    this.#done = 0;
    this.#lookedForMs += elapsedMs;
  }

  /** About how many are over within a second; within three at the pace of the first second, in which a process that just started is slow. */
  get soon(): number {
    if (this.#lookedForMs === 0) return 0;
    const seconds = this.#lookedForMs < 1_000 ? 3 : 1;
    // What came before the first look counts as nothing in the mean, and has to be left out of it.
    return (this.#perSecond / weightOf(this.#lookedForMs)) * seconds;
  }
}

function weightOf(elapsedMs: number): number {
  return 1 - 0.5 ** (elapsedMs / 250);
}
