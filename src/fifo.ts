// A first-in-first-out queue that stays cheap with many thousands of elements, where Array.shift would move them all.

const compactAfter = 1024;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get head(): T | undefined {
    return this.#items[this.#first];
  }

  /** From the first to the last, as long as none leaves meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#first; at < this.#items.length; at++) yield this.#items[at] as T;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first += 1;
    if (this.#first > compactAfter && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
