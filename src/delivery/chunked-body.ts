/** Follows a chunked body (RFC 9112 7.1) to its end, byte by byte outside of the data. Strict, as the head is. */
type State =
  | 'size'
  | 'extension'
  | 'size end'
  | 'data'
  | 'data end'
  | 'data line feed'
  | 'trailer'
  | 'trailer line'
  | 'trailer line feed'
  | 'last line feed';

const CR = 0x0d;
const LF = 0x0a;
const semicolon = 0x3b;
// 16 ** 12 is still exact.
const maxSizeDigits = 12;

export class ChunkedBody {
  #state: State = 'size';
  #size = 0;
  #digits = 0;
  readonly #onData: (part: Buffer) => void;

  constructor(onData: (part: Buffer) => void) {
    this.#onData = onData;
  }

  /** How many bytes of the chunk belong to the body; -1 = they are no chunked body. `isComplete` says whether it ended. */
  feed(chunk: Buffer, from: number): { readonly at: number; readonly isComplete: boolean } {
    let at = from;
    while (at < chunk.length) {
      if (this.#state === 'data') {
        const end = Math.min(chunk.length, at + this.#size);
        this.#onData(chunk.subarray(at, end));
        this.#size -= end - at;
        at = end;
        if (this.#size === 0) this.#state = 'data end';
        continue;
      }
      const next = this.#step(chunk[at] ?? 0);
      at += 1;
      if (next === 'broken') return { at: -1, isComplete: false };
      if (next === 'complete') return { at, isComplete: true };
      this.#state = next;
    }
    return { at, isComplete: false };
  }

  #step(byte: number): State | 'broken' | 'complete' {
    switch (this.#state) {
      case 'size':
        return this.#sizeStep(byte);
      case 'extension':
        if (byte === CR) return 'size end';
        return byte === LF ? 'broken' : 'extension';
      case 'size end':
        if (byte !== LF) return 'broken';
        return this.#beginData();
      case 'data end':
        return byte === CR ? 'data line feed' : 'broken';
      case 'data line feed':
        return byte === LF ? 'size' : 'broken';
      case 'trailer':
        return byte === CR ? 'last line feed' : this.#trailerStep(byte);
      case 'trailer line':
        return this.#trailerStep(byte);
      case 'trailer line feed':
        return byte === LF ? 'trailer' : 'broken';
      case 'last line feed':
        return byte === LF ? 'complete' : 'broken';
      case 'data':
        return 'broken';
    }
  }

  #sizeStep(byte: number): State | 'broken' {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      this.#size = this.#size * 16 + digit;
      this.#digits += 1;
      return this.#digits > maxSizeDigits ? 'broken' : 'size';
    }
    if (this.#digits === 0) return 'broken';
    if (byte === CR) return 'size end';
    return byte === semicolon || byte === 0x20 || byte === 0x09 ? 'extension' : 'broken';
  }

  #beginData(): State {
    this.#digits = 0;
    return this.#size === 0 ? 'trailer' : 'data';
  }

  #trailerStep(byte: number): State | 'broken' {
    if (byte === CR) return 'trailer line feed';
    return byte === LF ? 'broken' : 'trailer line';
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
