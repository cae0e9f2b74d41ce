// The webhooks' endpoints. Here every POST is held against the model: it is wanted, claimed, the only one of its pair, and in the order of its
// record. When its bytes leave and what becomes of it says the schedule.
import { decided } from '../../src/delivery/attempt.ts';
import type { Outcome } from '../../src/delivery/outcome.ts';
import type { PostRequest, PostResult } from '../../src/delivery/post.ts';
import type { Application, Pair } from './application.ts';
import type { Clock } from './clock.ts';
import { Violation, type Database } from './database.ts';

export interface Post {
  readonly from: object;
  readonly term: number;
  readonly request: PostRequest;
  readonly uid: bigint;
  end(result: Outcome | { readonly kind: 'not_written' }): void;
  /** Set once its bytes are out. */
  pair: Pair | null;
}

interface Begun {
  readonly pair: Pair;
  readonly term: number;
  readonly post: Post;
  isAccepted: boolean;
}

export interface EndpointsParts {
  readonly clock: Clock;
  readonly application: Application;
  readonly database: Database;
}

/** A process that lost its term may write so long after it proved it. */
const termIsGoodForMs = 2_000;

export class Endpoints {
  #posts: Post[] = [];
  readonly #begun = new Map<string, Begun>();
  /** Those that refuse whatever comes. */
  readonly #down = new Set<bigint>();
  readonly #parts: EndpointsParts;

  constructor(parts: EndpointsParts) {
    this.#parts = parts;
  }

  /** Not answered yet. */
  get posts(): readonly Post[] {
    return this.#posts;
  }

  get begun(): ReadonlyMap<string, Begun> {
    return this.#begun;
  }

  post(from: object, term: number, request: PostRequest): Promise<PostResult> {
    return new Promise((resolve) => {
      const post: Post = {
        from,
        term,
        request,
        uid: BigInt(request.url.slice(request.url.lastIndexOf('/') + 1)),
        pair: null,
        end: (result) => {
          this.#posts = this.#posts.filter((each) => each !== post);
          resolve(result.kind === 'not_written' ? result : decided(result));
        },
      };
      this.#posts.push(post);
      setTimeout(() => {
        post.end({ kind: 'failed', class: 'timeout', detail: 'after its time' });
      }, request.timeoutMs);
    });
  }

  /** The connection stands: its bytes leave, if it still may. */
  write(post: Post): void {
    if (post.pair !== null) return;
    if (!post.request.mayWrite()) {
      post.end({ kind: 'not_written' });
      return;
    }
    const pair = this.#identify(post);
    this.#check(pair, post);
    post.pair = pair;
    this.#begun.set(pair.key, { pair, term: post.term, post, isAccepted: false });
  }

  /** It refuses everything, until it is told of again. */
  turn(uid: bigint): void {
    if (!this.#down.delete(uid)) this.#down.add(uid);
  }

  mend(): void {
    this.#down.clear();
  }

  finish(post: Post, n: number): void {
    if (n % 8 !== 7) this.write(post);
    // It was not written, or has been asked for again since.
    if (!this.#posts.includes(post)) return;
    const begun = post.pair === null ? undefined : this.#begun.get(post.pair.key);
    if (begun === undefined) post.end({ kind: 'failed', class: 'refused', detail: 'nobody listens' });
    else if (n % 8 === 5 || this.#down.has(post.uid)) post.end({ kind: 'rejected', status: 503 });
    else if (n % 8 === 6) post.end({ kind: 'failed', class: 'reset', detail: 'while it was answering' });
    else {
      begun.isAccepted = true;
      post.end({ kind: 'delivered', status: 204 });
    }
  }

  forget(from: object): void {
    this.#posts = this.#posts.filter((each) => each.from !== from);
  }

  #identify(post: Post): Pair {
    const { uid, request } = post;
    const text = String(request.body);
    const { type, record } = JSON.parse(text) as { type: string; record: { version: string } | null };
    // A TRUNCATE tells no row. It is out alone, so it is the last that this process has claimed.
    const pair =
      record === null
        ? this.#lastTruncate(post)
        : this.#parts.application.byName.get(`${uid} ${type} ${record.version}`);
    if (pair === undefined) throw new Violation(`webhook ${uid} was sent what it must not see: ${text}`);
    return pair;
  }

  #lastTruncate({ uid, term }: Post): Pair | undefined {
    const { application, database } = this.#parts;
    return [...application.pairs.values()].findLast(
      (pair) => pair.uid === uid && pair.records === 'all' && database.claimedBy(pair.key) === term,
    );
  }

  #check(pair: Pair, post: Post): void {
    const { database, clock } = this.#parts;
    const { key } = pair;
    if (!pair.isToSend) throw new Violation(`${key} was sent, and its webhook was paused`);
    if (this.#begun.has(key)) throw new Violation(`${key} was sent twice`);
    const entry = database.written.get(key);
    if (entry === undefined) throw new Violation(`${key} was sent before it was claimed`);
    if (!entry.kind.startsWith('claimed')) throw new Violation(`${key} was ${entry.kind}, and sent`);
    const isOld = post.term < database.term;
    if (isOld && clock.nowMs - database.takenOverAtMs > termIsGoodForMs) {
      throw new Violation(`${key} was sent long after another process took over`);
    }
    for (const other of this.#begun.values()) {
      if (other.pair.uid !== pair.uid || !isSameRecord(other.pair, pair)) continue;
      if (other.term <= post.term && isBefore(pair, other.pair)) {
        throw new Violation(`${key} was sent after ${other.pair.key}`);
      }
      if (other.term === post.term && this.#posts.includes(other.post)) {
        throw new Violation(`${key} was sent while ${other.pair.key} was out`);
      }
    }
  }
}

function isSameRecord(a: Pair, b: Pair): boolean {
  if (a.records === 'all' || b.records === 'all') return true;
  const { records } = b;
  return a.records.some((record) => records.includes(record));
}

function isBefore(a: Pair, b: Pair): boolean {
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn;
  return a.index - b.index < 0;
}
