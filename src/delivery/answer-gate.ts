/**
 * Stands between a socket and undici's parser and bounds what one answer may cost: so many bytes of the wire, whatever
 * they are (head, body, chunk extensions, interim answers), then reading stops for good.
 */
import type { Socket } from 'node:net';

const interimStart = /^HTTP\/1\.[01] 100[ \r]/;
const interimPattern = 'HTTP/1.x 100 ';
const headEnd = '\r\n\r\n';
const nothing = Buffer.alloc(0);

export class AnswerGate {
  readonly #maxBytes: number;
  readonly #onExceeded: () => void;
  #bytesLeft = 0;
  #isExceeded = false;
  #isAtStart = false;
  #held: Buffer = nothing;

  /** `onExceeded` is called when more than `maxBytes` came, after the parser has had those. */
  constructor(socket: Socket, maxBytes: number, onExceeded: () => void) {
    this.#maxBytes = maxBytes;
    this.#onExceeded = onExceeded;
    this.begin();
    const read = socket.read.bind(socket);
    socket.read = (size?: number): Buffer | null => this.#read(() => read(size));
  }

  /** Before each request: the next bytes begin its answer. */
  begin(): void {
    this.#bytesLeft = this.#maxBytes;
    this.#isExceeded = false;
    this.#isAtStart = true;
    this.#held = nothing;
  }

  // The parser reads until it is given null, so it comes back after the last part that it may have.
  #read(read: () => unknown): Buffer | null {
    for (;;) {
      if (this.#isExceeded) {
        this.#onExceeded();
        return null;
      }
      const chunk = read();
      if (!Buffer.isBuffer(chunk)) return null;
      const part = chunk.subarray(0, this.#bytesLeft);
      this.#isExceeded = chunk.length > part.length;
      this.#bytesLeft -= part.length;
      const passed = this.#isAtStart ? this.#withoutContinue(part) : part;
      if (passed.length > 0) return passed;
    }
  }

  // Some servers send "100 Continue" unasked; RFC 9110 15.2 has clients skip it, undici 7 closes the connection.
  #withoutContinue(part: Buffer): Buffer {
    let answer = this.#held.length === 0 ? part : Buffer.concat([this.#held, part]);
    this.#held = nothing;
    while (interimStart.test(answer.toString('latin1', 0, interimPattern.length))) {
      const end = answer.indexOf(headEnd);
      if (end === -1) return this.#hold(answer);
      answer = answer.subarray(end + headEnd.length);
    }
    if (mayBecomeContinue(answer)) return this.#hold(answer);
    this.#isAtStart = false;
    return answer;
  }

  #hold(answer: Buffer): Buffer {
    this.#held = answer;
    return nothing;
  }
}

function mayBecomeContinue(answer: Buffer): boolean {
  const start = answer.toString('latin1', 0, interimPattern.length).replace(/^(HTTP\/1\.)[01]/, '$1x');
  return start.length < interimPattern.length && interimPattern.startsWith(start);
}
