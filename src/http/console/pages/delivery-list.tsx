// A webhook's deliveries as they come, newest first, with filters that stand in the address.
import { useState } from 'react';
import { setParams, useAddress } from '../address.ts';
import { hrefOf } from '../words/places.ts';
import { hasMore, useDeliveries, type Outcome } from '../api/queries.ts';
import type { Delivery } from '../api/types.ts';
import { ClockTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { OutcomeMark } from '../parts/outcome-mark.tsx';
import { size } from '../words/amounts.ts';
import { duration } from '../words/times.ts';
import { Resend } from './resend-dialog.tsx';

export const rowsAtFirst = 25;
const most = 1_000;
const hourMs = 3_600_000;
const outcomes: readonly Outcome[] = ['delivered', 'rejected', 'failed', 'interrupted', 'dropped'];

export function DeliveryList({ id }: { readonly id: string }) {
  const address = useAddress();
  const { params } = address;
  const limit = Math.min(most, Number(params.get('rows') ?? rowsAtFirst) || rowsAtFirst);
  const outcome = outcomes.find((each) => each === params.get('outcome'));
  const deliveries = useDeliveries(id, { limit, outcome });
  const list = deliveries.data?.data ?? [];
  const [since, setSince] = useState('');
  const [isAsking, setIsAsking] = useState(false);
  const ask = (): void => {
    setSince(new Date(Date.now() - hourMs).toISOString());
    setIsAsking(true);
  };
  return (
    <section aria-labelledby="deliveries">
      <h2 id="deliveries">Deliveries</h2>
      <div className="filters">
        <label>
          Outcome
          <select
            value={outcome ?? ''}
            onChange={({ target }) => setParams(address, { outcome: target.value, rows: null })}
          >
            <option value="">all</option>
            {outcomes.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <button type="button" onClick={ask}>
          Send again what failed
        </button>
      </div>
      <Resend
        webhook={id}
        sought={{ kind: 'stretch', since }}
        isOpen={isAsking}
        onClose={() => setIsAsking(false)}
      />
      <QueryNote query={deliveries} />
      {deliveries.data !== undefined && list.length === 0 && (
        <EmptyNote>
          {outcome === undefined
            ? 'The log has none: nothing was sent lately, or the delivery log is off.'
            : `The log has none that were ${outcome}.`}
        </EmptyNote>
      )}
      {list.length > 0 && <DeliveryTable list={list} />}
      {hasMore(deliveries.data) && limit < most && (
        <p className="actions">
          <button
            type="button"
            onClick={() => setParams(address, { rows: String(Math.min(most, limit * 2)) })}
          >
            Show more
          </button>
        </p>
      )}
    </section>
  );
}

export function DeliveryTable({ list }: { readonly list: readonly Delivery[] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Rows of deliveries">
      <table>
        <thead>
          <tr>
            <th scope="col">Ended</th>
            <th scope="col">Operation</th>
            <th scope="col">Record</th>
            <th scope="col">Outcome</th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col" className="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((delivery) => (
            <tr key={delivery.id}>
              <td>
                <a href={hrefOf(['deliveries', delivery.id])}>
                  <ClockTime at={delivery.at} />
                </a>
              </td>
              <td>{(delivery.type ?? 'not known').toLowerCase()}</td>
              <td>{delivery.key ?? '–'}</td>
              <td>
                <OutcomeMark delivery={delivery} />
                {delivery.resendOf !== null && <span className="quiet"> sent again</span>}
              </td>
              <td className="number">{delivery.totalMs === null ? '–' : duration(delivery.totalMs)}</td>
              <td className="number">{delivery.bodyBytes === null ? '–' : size(delivery.bodyBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
