// One webhook: what is wrong with it, what it sent in the last hour, its failures by kind, its deliveries as they come, its losses and settings.
import { hrefOf } from '../words/places.ts';
import { isUnknown, useWebhook } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { Code } from '../parts/copy.tsx';
import { HealthMark } from '../parts/health-mark.tsx';
import { Isolate } from '../parts/isolate.tsx';
import { FullTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { useNow } from '../parts/now.ts';
import { useTitle } from '../parts/title.ts';
import { useIsOperator } from '../session-context.ts';
import { exact } from '../words/amounts.ts';
import { attentionOf } from '../words/attention.ts';
import { isolated } from '../words/isolate.ts';
import { triggersOf } from '../words/triggers.ts';
import { useZone } from '../zone.ts';
import { DeliveryList } from './delivery-list.tsx';
import { FailureGroups } from './failure-groups.tsx';
import { LossList } from './loss-list.tsx';
import { WebhookActions } from './webhook-actions.tsx';
import { WebhookHour } from './webhook-hour.tsx';
import { WebhookQuestions } from './webhook-questions.tsx';

export function WebhookPage({ id }: { readonly id: string }) {
  return (
    <WebhookQuestions>
      <Found id={id} />
    </WebhookQuestions>
  );
}

function Found({ id }: { readonly id: string }) {
  const webhook = useWebhook(id);
  useTitle(webhook.data === undefined ? 'Webhook' : isolated(webhook.data.name));
  if (isUnknown(webhook.error))
    return (
      <>
        <h1>No such webhook</h1>
        <EmptyNote>
          No webhook has the id <Isolate text={id} />: it was deleted, or never was.{' '}
          <a href={hrefOf(['webhooks'])}>All webhooks</a>
        </EmptyNote>
      </>
    );
  return (
    <>
      <h1>
        <Isolate text={webhook.data?.name ?? 'Webhook'} />
      </h1>
      <QueryNote query={webhook} />
      {webhook.data !== undefined && <Details webhook={webhook.data} />}
    </>
  );
}

function Details({ webhook }: { readonly webhook: Webhook }) {
  return (
    <>
      <Head webhook={webhook} />
      <WebhookHour webhook={webhook} />
      <FailureGroups id={webhook.id} />
      <DeliveryList id={webhook.id} />
      <section aria-labelledby="losses">
        <h2 id="losses">Losses</h2>
        <LossList filters={{ webhook: webhook.id }} hasWebhooks={false} />
      </section>
      <Settings webhook={webhook} />
    </>
  );
}

function Head({ webhook }: { readonly webhook: Webhook }) {
  const isOperator = useIsOperator();
  const sentence = attentionOf(webhook, useNow(), useZone());
  const figures: readonly (readonly [string, number])[] = [
    ['Delivered', webhook.successCount],
    ['Failed', webhook.errorCount],
    ['Missed while paused', webhook.missedCount],
    ['Waiting', webhook.backlogCount],
  ];
  return (
    <>
      <div className="subtitle">
        <HealthMark health={webhook.health} />
        <span>
          {isOperator && (
            <>
              <Isolate text={webhook.companyId ?? 'all companies'} /> ·{' '}
            </>
          )}
          <Isolate text={webhook.table} /> · {triggersOf(webhook)}
        </span>
        <WebhookActions webhook={webhook} />
      </div>
      {sentence !== null && (
        <div
          className={
            webhook.health === 'paused' || webhook.health === 'catching up' ? 'note warn' : 'note bad'
          }
        >
          <p>{sentence.text}</p>
          {sentence.advice !== null && <p className="advice">{sentence.advice}</p>}
        </div>
      )}
      <dl className="figures">
        {figures.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{exact(count)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

const breakers: Readonly<Record<string, string>> = {
  off: 'goes on sending',
  wait: 'lets what comes wait',
  drop: 'drops what comes',
};

function Settings({ webhook }: { readonly webhook: Webhook }) {
  const rows: readonly (readonly [string, string])[] = [
    ['Id', webhook.id],
    ['Table', webhook.table],
    ['Told of each', triggersOf(webhook)],
    [
      'After many failures in a row',
      webhook.breaker === null ? 'as the service is set' : (breakers[webhook.breaker] ?? ''),
    ],
    ['POSTs at a time', String(webhook.concurrency ?? '32, as for all')],
  ];
  return (
    <section aria-labelledby="settings">
      <h2 id="settings">Settings</h2>
      <Code text={webhook.url} name="URL" />
      <dl className="settings">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Created</dt>
          <dd>
            <FullTime at={webhook.createdAt} />
          </dd>
        </div>
        <div>
          <dt>Changed last</dt>
          <dd>
            <FullTime at={webhook.updatedAt} />, version {webhook.version}
          </dd>
        </div>
      </dl>
      <p>
        <a href={hrefOf(['webhooks'], { edit: webhook.id })}>Edit</a>
      </p>
    </section>
  );
}
