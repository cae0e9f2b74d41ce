// The ledger: what was never delivered, and why, newest first.
import { useState } from 'react';
import { hrefOf } from '../words/places.ts';
import { hasMore, useLosses } from '../api/queries.ts';
import type { Loss } from '../api/types.ts';
import { LocalTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { exact } from '../words/amounts.ts';

const step = 20;
const most = 1_000;

export function LossList({ webhook }: { readonly webhook: string | null }) {
  const [limit, setLimit] = useState(step);
  const losses = useLosses({ limit, ...(webhook !== null && { webhook }) });
  const list = losses.data?.data ?? [];
  return (
    <>
      <QueryNote query={losses} />
      {losses.data !== undefined && list.length === 0 && <EmptyNote>Nothing was ever lost.</EmptyNote>}
      {list.length > 0 && <LossTable list={list} hasWebhooks={webhook === null} />}
      {hasMore(losses.data) && limit < most && (
        <p className="actions">
          <button type="button" onClick={() => setLimit(Math.min(most, limit * 2))}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}

function LossTable({ list, hasWebhooks }: { readonly list: readonly Loss[]; readonly hasWebhooks: boolean }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Rows of losses">
      <table>
        <thead>
          <tr>
            <th scope="col" className="number">
              Id
            </th>
            <th scope="col">At</th>
            {hasWebhooks && <th scope="col">Webhook</th>}
            <th scope="col">Table</th>
            <th scope="col">Reason</th>
            <th scope="col" className="number">
              How many
            </th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {list.map((loss) => (
            <tr key={loss.id}>
              <td className="number">{loss.id}</td>
              <td>
                <LocalTime at={loss.at} />
              </td>
              {hasWebhooks && (
                <td>
                  {loss.webhookId === null ? (
                    'cannot be told'
                  ) : (
                    <a href={hrefOf(['webhooks', loss.webhookId])}>{loss.webhookId}</a>
                  )}
                </td>
              )}
              <td>{loss.table ?? '–'}</td>
              <td>{loss.reason}</td>
              <td className="number">{loss.count === null ? 'unknown' : exact(loss.count)}</td>
              <td>{loss.detail ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
