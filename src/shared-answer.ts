// An answer that those who ask at the same time, or soon after each other, share: one question at a time, however many ask.

export class SharedAnswer<T> {
  readonly #read: () => Promise<T>;
  readonly #goodForMs: number;
  #asked: Promise<T> | null = null;

  /** `goodForMs`: so long after it came it is given to others too. A failure is not kept. */
  constructor(read: () => Promise<T>, goodForMs: number) {
    this.#read = read;
    this.#goodForMs = goodForMs;
  }

  async get(): Promise<T> {
    this.#asked ??= this.#ask();
    return await this.#asked;
  }

  async #ask(): Promise<T> {
    try {
      const answer = await this.#read();
      setTimeout(() => (this.#asked = null), this.#goodForMs).unref();
      return answer;
    } catch (error) {
      this.#asked = null;
      throw error;
    }
  }
}
