/**
 * Whether the changes of a record came to a webhook in their order. One may come after a newer one only where the older was on its way
 * when another process took over: then its connection is older than that moment, and the newer one's is not.
 */
import type { LoggedRequest } from './endpoint-log.ts';

interface Newest {
  readonly rank: number;
  readonly request: LoggedRequest;
}

export class RecordOrder {
  wentBack = 0;
  readonly findings: string[] = [];
  readonly #takeovers: readonly number[];
  readonly #newest = new Map<string, Newest>();

  constructor(takeovers: readonly number[]) {
    this.#takeovers = takeovers;
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
    const isExplained = this.#takeovers.some(
      (at) => openedAtMs <= at && at <= atMs && newer.openedAtMs >= at,
    );
    if (isExplained) return;
    const last = this.#takeovers.findLast((at) => at <= atMs) ?? atMs;
    const when = (ms: number): string => `${ms - last} ms`;
    this.findings.push(
      `${webhook}: ${operation} ${version} of record ${id} arrived (${when(atMs)}, on a line from ${when(openedAtMs)}) after ` +
        `${newer.operation} ${newer.version} (${when(newer.atMs)}, line from ${when(newer.openedAtMs)}); ` +
        `times since the last takeover before it`,
    );
  }
}
