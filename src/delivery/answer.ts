/**
 * One answer as it arrives: its status, the beginning of its body, and where it ends. Bounded: so many bytes of the
 * wire, whatever they are (interim answers, head, chunk extensions, body), and no more is read. Nothing is decompressed.
 */
import { readAnswerHead, type AnswerHead } from './answer-head.ts';
import { ChunkedBody } from './chunked-body.ts';

/** What ends an answer too early: not HTTP/1.x from here on, a head of over 16 KiB, or more than is read of an answer. */
export type Breach = 'invalid' | 'long head' | 'exceeded';

export type Progress = 'more' | 'complete' | Breach;

const maxAnswerBytes = 64 * 1024;
const maxHeadBytes = 16 * 1024;
const keptBytes = 4_096;
const headEnd = '\r\n\r\n';
const headStart = 'HTTP/1.';

export class Answer {
  /** Once the head of the final answer is here. */
  head: AnswerHead | null = null;
  /** The first 4 KiB of the body; a copy, for what arrives is a view of something larger. */
  kept: Buffer | null = null;
  readonly #keepsBody: boolean;
  #bytesLeft = maxAnswerBytes;
  #held: Buffer | null = null;
  #bodyLeft = 0;
  #chunks: ChunkedBody | null = null;
  #hasMore = false;

  constructor(keepsBody: boolean) {
    this.#keepsBody = keepsBody;
  }

  /** Whether the connection may serve another request: the answer has said so, and nothing came after its end. */
  get isReusable(): boolean {
    return this.head?.isReusable === true && !this.#hasMore;
  }

  feed(chunk: Buffer): Progress {
    const part = chunk.length > this.#bytesLeft ? chunk.subarray(0, this.#bytesLeft) : chunk;
    this.#bytesLeft -= part.length;
    const progress = this.head === null ? this.#readHead(part) : this.#readBody(part, 0);
    if (progress === 'more' && part.length < chunk.length) return 'exceeded';
    if (part.length < chunk.length) this.#hasMore = true;
    return progress;
  }

  // Interim answers are skipped (RFC 9110 15.2), also those that nobody asked for; 101 would change the protocol.
  #readHead(part: Buffer): Progress {
    const data = this.#held === null ? part : Buffer.concat([this.#held, part]);
    let searchFrom = Math.max(0, (this.#held?.length ?? 0) - headEnd.length + 1);
    this.#held = null;
    for (let at = 0; ;) {
      if (!isHeadStart(data, at)) return 'invalid';
      const end = data.indexOf(headEnd, Math.max(at, searchFrom), 'latin1');
      if ((end === -1 ? data.length : end) - at > maxHeadBytes) return 'long head';
      if (end === -1) {
        this.#held = Buffer.from(data.subarray(at));
        return 'more';
      }
      const head = readAnswerHead(data.toString('latin1', at, end));
      if (head === null || head.status === 101) return 'invalid';
      at = end + headEnd.length;
      searchFrom = at;
      if (head.status < 200) continue;
      this.head = head;
      return this.#beginBody(head, data, at);
    }
  }

  #beginBody({ body }: AnswerHead, data: Buffer, at: number): Progress {
    if (body === 'chunked') this.#chunks = new ChunkedBody((part) => this.#keep(part));
    else this.#bodyLeft = body === 'until closed' ? Infinity : body;
    return this.#readBody(data, at);
  }

  #readBody(data: Buffer, from: number): Progress {
    if (this.#chunks !== null) {
      const { at, isComplete } = this.#chunks.feed(data, from);
      if (at === -1) return 'invalid';
      return isComplete ? this.#complete(at < data.length) : 'more';
    }
    const end = Math.min(data.length, from + this.#bodyLeft);
    if (end > from) this.#keep(data.subarray(from, end));
    this.#bodyLeft -= end - from;
    return this.#bodyLeft === 0 ? this.#complete(end < data.length) : 'more';
  }

  #complete(hasMore: boolean): Progress {
    this.#hasMore = hasMore;
    return 'complete';
  }

  #keep(part: Buffer): void {
    const length = this.kept?.length ?? 0;
    if (!this.#keepsBody || length >= keptBytes) return;
    const first = part.subarray(0, keptBytes - length);
    this.kept = this.kept === null ? Buffer.from(first) : Buffer.concat([this.kept, first]);
  }
}

// What is no HTTP is known for it by its first bytes, not only once it ends.
function isHeadStart(data: Buffer, at: number): boolean {
  const length = Math.min(headStart.length, data.length - at);
  return data.toString('latin1', at, at + length) === headStart.slice(0, length);
}
