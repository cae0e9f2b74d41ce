// A look at the webhooks' newest rows, for the time when the log is behind, with the snapshot that it was taken in and the
// server's clock.
import { parseSnapshot, type Snapshot } from '../snapshot.ts';
import type { SendingOptions } from '../webhooks/webhook.ts';
import type { Session } from './session.ts';

export interface WebhookPoll {
  readonly webhooks: readonly {
    readonly uid: bigint;
    readonly revision: bigint;
    readonly isActive: boolean;
    readonly url: string;
    readonly sending: SendingOptions;
  }[];
  readonly snapshot: Snapshot;
  readonly asked: readonly bigint[] | null;
}

interface Row {
  readonly snapshot: string;
  readonly webhooks: readonly {
    uid: string;
    revision: string;
    active: boolean;
    url: string;
    breaker: SendingOptions['breaker'];
    concurrency: number | null;
  }[];
}

/** `uids` null: all of them. */
export async function pollWebhooks(session: Session, uids: readonly bigint[] | null): Promise<WebhookPoll> {
  const { rows } = await session.query<Row>({
    name: 'rowhook_poll_webhooks',
    text: `select pg_current_snapshot()::text as snapshot, coalesce(w.list, '[]') as webhooks
           from (select jsonb_agg(jsonb_build_object(
                          'uid', uid::text, 'revision', revision::text, 'active', active, 'url', url,
                          'breaker', breaker, 'concurrency', concurrency)) as list
                 from rowhook.webhook where $1::int8[] is null or uid = any ($1::int8[])) w`,
    values: [uids?.map(String) ?? null],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('the server answered a poll without a row');
  const webhooks = row.webhooks.map(({ uid, revision, active, url, breaker, concurrency }) => ({
    uid: BigInt(uid),
    revision: BigInt(revision),
    isActive: active,
    url,
    sending: { breaker, concurrency },
  }));
  return { webhooks, snapshot: parseSnapshot(row.snapshot), asked: uids };
}

/** How far the server's clock is ahead of ours, in milliseconds, to half a round trip. */
export async function readClockOffset(session: Session): Promise<number> {
  const sentAt = Date.now();
  const { rows } = await session.query<{ ms: string }>({
    text: `select extract(epoch from clock_timestamp()) * 1000 as ms`,
  });
  return Number(rows[0]?.ms) - (sentAt + Date.now()) / 2;
}
