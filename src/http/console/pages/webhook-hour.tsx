// The last hour of a webhook: what was committed that it asks for, beside what came of its deliveries.
import { useDeliveries, useTableActivity } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { LastHour } from '../parts/last-hour.tsx';
import { useNow } from '../parts/now.ts';
import { useIsOperator } from '../session-context.ts';
import { askedFor, sentInWords } from '../words/last-hour.ts';
import { useZone } from '../zone.ts';
import { rowsAtFirst } from './delivery-list.tsx';

const hourMs = 3_600_000;

export function WebhookHour({ webhook }: { readonly webhook: Webhook }) {
  const [now, zone] = [useNow(), useZone()];
  const isOperator = useIsOperator();
  const company = isOperator ? (webhook.companyId ?? undefined) : undefined;
  const hour = useTableActivity({ table: webhook.table, company }).data;
  // As the list below asks, so that one answer serves both.
  const newest = useDeliveries(webhook.id, { limit: rowsAtFirst }).data?.data ?? [];
  const isResent = newest.some(
    ({ at, resendOf }) => resendOf !== null && now.getTime() - Date.parse(at) < hourMs,
  );
  const { activity } = webhook;
  return (
    <section aria-labelledby="hour">
      <h2 id="hour">The last hour</h2>
      <div className="big-hour">
        <LastHour activity={activity} />
      </div>
      {activity === null ? (
        <p className="quiet">This process does not lead, so it has not counted the last hour.</p>
      ) : (
        <p>{sentInWords(activity, now, { zone, isResent })}</p>
      )}
      {hour !== undefined && <p>{askedFor(webhook, hour, now, zone)}</p>}
    </section>
  );
}
