// One webhook of the list: what it is, how it is, what was sent, and what may be done.
import { memo } from 'react';
import type { Webhook } from '../api/types.ts';
import { Amount } from '../parts/amount.tsx';
import { HealthMark } from '../parts/health-mark.tsx';
import { Isolate } from '../parts/isolate.tsx';
import { LastHour } from '../parts/last-hour.tsx';
import { Ago, ClockTime } from '../parts/moment.tsx';
import { useNow } from '../parts/now.ts';
import { attentionOf, hostOf } from '../words/attention.ts';
import { isolated } from '../words/isolate.ts';
import { hrefOf } from '../words/places.ts';
import { triggersOf } from '../words/triggers.ts';
import { useZone } from '../zone.ts';
import { WebhookActions } from './webhook-actions.tsx';

export interface WebhookRowProps {
  readonly webhook: Webhook;
  readonly isOperator: boolean;
}

export const WebhookRow = memo(({ webhook, isOperator }: WebhookRowProps) => {
  const { id, name, table, url, companyId, health, activity, createdAt } = webhook;
  return (
    <li className="row" aria-label={isolated(name)}>
      <div className="what">
        <a className="name" href={hrefOf(['webhooks', id])}>
          <Isolate text={name} />
        </a>
        <div className="quiet">
          {isOperator && (
            <>
              <Isolate text={companyId ?? 'all companies'} /> ·{' '}
            </>
          )}
          <Isolate text={table} /> · {triggersOf(webhook)} · <span title={url}>{hostOf(url)}</span>
        </div>
      </div>
      <Wrong webhook={webhook} />
      <div className="how">
        <HealthMark health={health} />
        <div className="quiet">
          created <ClockTime at={createdAt} />
        </div>
      </div>
      <div className="counts">
        <Count count={webhook.successCount} word="delivered" last={webhook.lastSuccessAt} />
        <Count count={webhook.errorCount} word="failed" last={webhook.lastErrorAt} />
      </div>
      <div className="hour">
        <LastHour activity={activity} />
      </div>
      <WebhookActions webhook={webhook} />
    </li>
  );
});

function Wrong({ webhook }: { readonly webhook: Webhook }) {
  const sentence = attentionOf(webhook, useNow(), useZone());
  if (sentence === null) return null;
  const isBad = !['paused', 'catching up'].includes(webhook.health);
  return <div className={isBad ? 'wrong bad' : 'wrong'}>{sentence.text}</div>;
}

interface CountProps {
  readonly count: number;
  readonly word: string;
  readonly last: string | null;
}

function Count({ count, word, last }: CountProps) {
  return (
    <div>
      <Amount count={count} /> {word}
      {last !== null && (
        <span className="quiet">
          {' '}
          <Ago at={last} />
        </span>
      )}
    </div>
  );
}
