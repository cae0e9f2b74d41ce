/**
 * Whether the changes of a record came to a webhook in their order. One may come after a newer one only where its line was opened under
 * one process, and the newer one came when another led: then its POST had begun, or was held up on its way, when the other took
 * over. How old the newer one's line is says nothing: who leads again within seconds finds its idle lines still open.
 */
import type { LoggedRequest } from './endpoint-log.ts';

/** A process began to lead. */
export interface Lead {
  readonly atMs: number;
  readonly pid: number;
}

interface Newest {
  readonly rank: number;
  readonly request: LoggedRequest;
}

export class RecordOrder {
  wentBack = 0;
  readonly findings: string[] = [];
  readonly #leads: readonly Lead[];
  readonly #newest = new Map<string, Newest>();

  constructor(leads: readonly Lead[]) {
    this.#leads = leads.toSorted((a, b) => a.atMs - b.atMs);
  }

  /** In order of arrival. */
  add(request: LoggedRequest): void {
    const { webhook, operation, id, version, atMs, openedAtMs } = request;
    const record = `${webhook} ${id}`;
    // A row that is gone has the version that it had.
    const rank = version * 2 + (operation === 'DELETE' ? 1 : 0);
    const newest = this.#newest.get(record);
    if (newest === undefined || rank > newest.rank) {
      this.#newest.set(record, { rank, request });
      return;
    }
    if (rank === newest.rank) return;
    this.wentBack += 1;
    const newer = newest.request;
    if (this.#leader(openedAtMs)?.pid !== this.#leader(newer.atMs)?.pid) return;
    const last = this.#leader(atMs)?.atMs ?? atMs;
    const when = (ms: number): string => `${ms - last} ms`;
    this.findings.push(
      `${webhook}: ${operation} ${version} of record ${id} arrived (${when(atMs)}, on a line from ${when(openedAtMs)}) after ` +
        `${newer.operation} ${newer.version} (${when(newer.atMs)}, line from ${when(newer.openedAtMs)}); ` +
        `times since a process last began to lead before it`,
    );
  }

  /** Who led at that time; before anybody did, who did first. */
  #leader(atMs: number): Lead | undefined {
    return this.#leads.findLast((lead) => lead.atMs <= atMs) ?? this.#leads[0];
  }
}
