// The ledger: what was never delivered, and why, newest first, each row with a link that can be handed on and a way to send it again.
import { useState } from 'react';
import { hrefOf } from '../words/places.ts';
import { hasMore, useLosses, type LossFilters } from '../api/queries.ts';
import type { Loss } from '../api/types.ts';
import { ClockTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { exact } from '../words/amounts.ts';
import { whyNotAgain } from '../words/resends.ts';
import { Resend } from './resend-dialog.tsx';

const step = 20;
const most = 1_000;

export interface LossListProps {
  readonly filters: LossFilters;
  readonly hasWebhooks: boolean;
}

export function LossList({ filters, hasWebhooks }: LossListProps) {
  const [limit, setLimit] = useState(step);
  // Those that somebody wanted to send again, and the one of which the question is open.
  const [asked, setAsked] = useState<readonly Loss[]>([]);
  const [openId, setOpenId] = useState<number | null>(null);
  const losses = useLosses({ limit, ...filters });
  const list = losses.data?.data ?? [];
  const ask = (loss: Loss): void => {
    if (!asked.some(({ id }) => id === loss.id)) setAsked([...asked, loss]);
    setOpenId(loss.id);
  };
  return (
    <>
      <QueryNote query={losses} />
      {losses.data !== undefined && list.length === 0 && <Nothing filters={filters} isOfOne={!hasWebhooks} />}
      {asked.map((loss) => (
        <Resend
          key={loss.id}
          webhook={loss.webhookId ?? ''}
          sought={{ kind: 'loss', loss }}
          isOpen={openId === loss.id}
          onClose={() => setOpenId(null)}
        />
      ))}
      {list.length > 0 && <LossTable list={list} hasWebhooks={hasWebhooks} onAsk={ask} />}
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

interface NothingProps {
  readonly filters: LossFilters;
  /** On a webhook's page. */
  readonly isOfOne: boolean;
}

function Nothing({ filters: { table, reason, webhook }, isOfOne }: NothingProps) {
  if (isOfOne) return <EmptyNote>None: whatever was sent got an answer.</EmptyNote>;
  if ((table ?? reason ?? webhook) === undefined) return <EmptyNote>Nothing was ever lost.</EmptyNote>;
  return (
    <EmptyNote>
      No loss is like that. <a href={hrefOf(['losses'])}>Show all</a>
    </EmptyNote>
  );
}

interface LossTableProps {
  readonly list: readonly Loss[];
  readonly hasWebhooks: boolean;
  readonly onAsk: (loss: Loss) => void;
}

function LossTable({ list, hasWebhooks, onAsk }: LossTableProps) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Rows of losses">
      <table>
        <thead>
          <tr>
            <th scope="col">Id</th>
            <th scope="col">At</th>
            {hasWebhooks && <th scope="col">Webhook</th>}
            <th scope="col">Table</th>
            <th scope="col">Reason</th>
            <th scope="col" className="number">
              How many
            </th>
            <th scope="col">Send again</th>
            <th scope="col">More</th>
          </tr>
        </thead>
        <tbody>
          {list.map((loss) => (
            <LossRow key={loss.id} loss={loss} hasWebhook={hasWebhooks} onAsk={onAsk} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface LossRowProps {
  readonly loss: Loss;
  readonly hasWebhook: boolean;
  readonly onAsk: (loss: Loss) => void;
}

function LossRow({ loss, hasWebhook, onAsk }: LossRowProps) {
  const whyNot = whyNotAgain(loss);
  return (
    <tr>
      <td>
        <a href={hrefOf(['losses'], { id: String(loss.id) })} aria-label={`Loss ${loss.id}`}>
          {loss.id}
        </a>
      </td>
      <td>
        <ClockTime at={loss.at} />
      </td>
      {hasWebhook && (
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
      <td className="words">
        {whyNot ?? (
          <button
            type="button"
            className="small"
            aria-label={`Send loss ${loss.id} again`}
            onClick={() => onAsk(loss)}
          >
            Send again
          </button>
        )}
      </td>
      <td className="words">{loss.detail ?? ''}</td>
    </tr>
  );
}
