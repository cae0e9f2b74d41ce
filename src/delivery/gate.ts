// Whether a webhook may be sent to now, and where: its newest row, from the log and, while the log is behind, from a look at the
// table. Matching never asks here. Invariant: of two versions of a row the one with the higher revision wins; a row is
// taken for deleted only by a snapshot that would show it.
import { isVisible, type Snapshot } from '../snapshot.ts';
import type { SendingOptions, Webhook } from '../webhooks/webhook.ts';

export interface PolledWebhook {
  readonly uid: bigint;
  readonly revision: bigint;
  readonly isActive: boolean;
  readonly url: string;
  readonly sending: SendingOptions;
}

/** What one statement saw: rows and the snapshot it saw them in. */
export interface Poll {
  readonly webhooks: readonly PolledWebhook[];
  readonly snapshot: Snapshot;
  /** The webhooks that were asked for; null for all. */
  readonly asked: readonly bigint[] | null;
}

interface Newest {
  /** null: of all of them. */
  readonly companyId: string | null;
  revision: bigint;
  isActive: boolean;
  url: string;
  /** Of the URL. */
  origin: string;
  sending: SendingOptions;
  /** The transaction that made the newest version known from the log; null for one that was there at the start. */
  xid: number | null;
}

export interface GateListener {
  onOpen(uid: bigint): void;
  /** There is a newer version of its row. */
  onChanged(uid: bigint): void;
  onGone(uid: bigint): void;
}

export class Gate {
  readonly #newest = new Map<bigint, Newest>();
  readonly #listener: GateListener;

  constructor(listener: GateListener) {
    this.#listener = listener;
  }

  isOpen(uid: bigint): boolean {
    return this.#newest.get(uid)?.isActive === true;
  }

  isGone(uid: bigint): boolean {
    return !this.#newest.has(uid);
  }

  /** The endpoint as of the newest row; undefined when the webhook is gone. */
  url(uid: bigint): string | undefined {
    return this.#newest.get(uid)?.url;
  }

  /** Scheme, host and port of that. */
  origin(uid: bigint): string {
    return this.#newest.get(uid)?.origin ?? '';
  }

  /** The newest row; undefined when the webhook is gone. */
  newest(uid: bigint): Readonly<Pick<Newest, 'isActive' | 'sending'>> | undefined {
    return this.#newest.get(uid);
  }

  /** Whether there are active webhooks of other companies than these webhooks'; one for all companies is like a company of its own. */
  hasOthers(webhooks: readonly Pick<Webhook, 'uid' | 'companyId'>[]): boolean {
    const companies = new Set(webhooks.map(({ companyId }) => companyId));
    const uids = new Set(webhooks.map(({ uid }) => uid));
    for (const [uid, { companyId, isActive }] of this.#newest) {
      if (!isActive || uids.has(uid)) continue;
      if (companyId === null || !companies.has(companyId)) return true;
    }
    return false;
  }

  /** A version that the log carries; `xid` is its transaction's. */
  learn({ uid, revision, companyId, isActive, url, sending }: Webhook, xid: number | null): void {
    const known = this.#newest.get(uid);
    if (known !== undefined && known.revision > revision) {
      known.xid = xid;
      return;
    }
    this.#set(uid, { companyId, revision, isActive, url, origin: originOf(url), sending, xid });
  }

  remove(uid: bigint): void {
    if (this.#newest.delete(uid)) this.#listener.onGone(uid);
  }

  learnFromPoll({ webhooks, snapshot, asked }: Poll): void {
    const seen = new Set<bigint>();
    for (const { uid, revision, isActive, url, sending } of webhooks) {
      seen.add(uid);
      const known = this.#newest.get(uid);
      // One that the log has not told yet has no deliveries either.
      if (known === undefined || known.revision >= revision) continue;
      this.#set(uid, { ...known, revision, isActive, url, origin: originOf(url), sending });
    }
    for (const uid of asked ?? [...this.#newest.keys()]) {
      const known = this.#newest.get(uid);
      if (known === undefined || seen.has(uid)) continue;
      if (known.xid === null || isVisible(known.xid, snapshot)) this.remove(uid);
    }
  }

  #set(uid: bigint, newest: Newest): void {
    const known = this.#newest.get(uid);
    const wasOpen = known?.isActive === true;
    this.#newest.set(uid, newest);
    if (known !== undefined && newest.revision > known.revision) this.#listener.onChanged(uid);
    if (newest.isActive && !wasOpen) this.#listener.onOpen(uid);
  }
}

// What is no URL is refused when it is its turn.
function originOf(url: string): string {
  return URL.parse(url)?.origin ?? url;
}
