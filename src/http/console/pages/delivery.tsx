// One delivery: exactly what was sent and answered, how long each phase took, what changed, and sending it again.
import { hrefOf } from '../words/places.ts';
import { isUnknown, useDelivery, useWebhook } from '../api/queries.ts';
import type { FoundDelivery } from '../api/types.ts';
import { Code, CopyButton } from '../parts/copy.tsx';
import { Isolate } from '../parts/isolate.tsx';
import { FullTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { useNow } from '../parts/now.ts';
import { OutcomeMark } from '../parts/outcome-mark.tsx';
import { useTitle } from '../parts/title.ts';
import { size } from '../words/amounts.ts';
import { hostOf, mayHaveMoved } from '../words/attention.ts';
import { curlOf } from '../words/curl.ts';
import { failureOfDelivery, happened } from '../words/failures.ts';
import { isolated } from '../words/isolate.ts';
import { DeliveryTable } from './delivery-list.tsx';
import { DifferenceTable } from './difference-table.tsx';
import { ResendOne } from './resend-one.tsx';
import { Timings } from './timings.tsx';

export function DeliveryPage({ id }: { readonly id: string }) {
  const delivery = useDelivery(id);
  const title = delivery.data === undefined ? 'Delivery' : titleOf(delivery.data);
  useTitle(title);
  if (isUnknown(delivery.error))
    return (
      <>
        <h1>No such delivery</h1>
        <EmptyNote>The log has none with this id: its day was dropped, or it never was.</EmptyNote>
      </>
    );
  return (
    <>
      <h1>{title}</h1>
      <QueryNote query={delivery} />
      {delivery.data !== undefined && <Details delivery={delivery.data} />}
    </>
  );
}

function titleOf({ type, table, key }: FoundDelivery): string {
  return [type ?? 'Change', table, key]
    .filter((part) => part !== null)
    .map(isolated)
    .join(' ');
}

function Details({ delivery }: { readonly delivery: FoundDelivery }) {
  const webhook = useWebhook(delivery.webhookId).data;
  const url = webhook?.url ?? null;
  // The log does not keep where it went.
  const isMoved = webhook !== undefined && mayHaveMoved(webhook, delivery.at);
  const failure = failureOfDelivery(delivery, useNow());
  // Neither that it arrived is known, nor that it did not.
  const isUnsure = delivery.outcome === 'interrupted';
  return (
    <>
      <div className="subtitle">
        <OutcomeMark delivery={delivery} />
        <span>
          to{' '}
          <a href={hrefOf(['webhooks', delivery.webhookId])}>
            <Isolate text={webhook?.name ?? delivery.webhookId} />
          </a>{' '}
          · <FullTime at={delivery.at} />
        </span>
      </div>
      {failure !== null && (
        <div className={isUnsure ? 'note warn' : 'note bad'}>
          <p>
            {!isUnsure && 'Not delivered. '}
            {happened(failure)}.{' '}
            {delivery.detail !== null && !(isUnsure && delivery.resendOf !== null) && (
              <span className="quiet">
                <Isolate text={delivery.detail} />
              </span>
            )}
          </p>
          <p className="advice">{failure.advice}</p>
        </div>
      )}
      <section aria-labelledby="timings">
        <h2 id="timings">Timings</h2>
        <Timings of={delivery} />
      </section>
      {delivery.body !== null && <DifferenceTable body={delivery.body} />}
      <section aria-labelledby="request">
        <h2 id="request">Request</h2>
        <p className="quiet">
          POST {url === null || isMoved ? '' : hostOf(url)} · Content-Type: application/json
          {delivery.bodyBytes !== null && ` · ${size(delivery.bodyBytes)}`} · change {delivery.changeId},
          attempt {delivery.attempt}
        </p>
        {url !== null && isMoved && (
          <p className="quiet">
            The webhook was changed after this was sent, maybe its URL, too. Its present URL is at{' '}
            {hostOf(url)}.
          </p>
        )}
        {delivery.body === null ? (
          <EmptyNote>
            The log does not have what was sent: {delivery.bodyAbsence ?? 'it is not kept'}.
          </EmptyNote>
        ) : (
          <Code text={delivery.body} name="What was sent, byte for byte" />
        )}
        <div className="actions">
          {delivery.body !== null && url !== null && (
            <CopyButton
              text={curlOf(url, delivery.body)}
              label={isMoved ? 'Copy as curl, to its present URL' : 'Copy as curl'}
            />
          )}
          <ResendOne delivery={delivery} url={url} />
        </div>
      </section>
      <section aria-labelledby="answer">
        <h2 id="answer">Answer</h2>
        {delivery.status !== null && <p>Status {delivery.status}</p>}
        {delivery.answer === null ? (
          <EmptyNote>
            {delivery.status === null
              ? 'There was none.'
              : 'What it said is not kept: the target is not on the public internet, or the table’s bodies are kept out of the log.'}
          </EmptyNote>
        ) : (
          <Code
            text={delivery.answer === '' ? '(empty)' : delivery.answer}
            name="The beginning of the answer"
          />
        )}
      </section>
      {delivery.others.length > 0 && (
        <section aria-labelledby="others">
          <h2 id="others">The same change, sent at other times</h2>
          <DeliveryTable list={delivery.others} />
        </section>
      )}
    </>
  );
}
