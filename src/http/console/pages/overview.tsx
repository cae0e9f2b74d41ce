// What needs attention first, one sentence each, and what to do; then how the service itself does.
import { hasMore, useOverview, useStatus, useWebhooks } from '../api/queries.ts';
import type { Check, Webhook } from '../api/types.ts';
import { hrefOf } from '../words/places.ts';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { HealthMark, healthWord } from '../parts/health-mark.tsx';
import { LastHour } from '../parts/last-hour.tsx';
import { useNow } from '../parts/now.ts';
import { useIsOperator, useWho } from '../session-context.ts';
import { amount, counted } from '../words/amounts.ts';
import { attentionOf } from '../words/attention.ts';
import { DemoNote } from './demo-note.tsx';
import { ServiceNow } from './service-now.tsx';

const shownAtMost = 10;
const needy = ['failing', 'breaker open', 'table disabled', 'catching up'] as const;

export function OverviewPage() {
  const { isDemo } = useWho();
  const isOperator = useIsOperator();
  return (
    <>
      <h1>Overview</h1>
      <Attention isOperator={isOperator} />
      {isDemo && <DemoNote />}
      <Healths />
      {isOperator && <ServiceNow />}
    </>
  );
}

function Attention({ isOperator }: { readonly isOperator: boolean }) {
  const webhooks = useWebhooks({ health: needy, limit: shownAtMost });
  const status = useStatus(isOperator);
  const overview = useOverview();
  const checks = (status.data?.checks ?? []).filter((check) => check.status !== 'ok' && !isOfWebhooks(check));
  const list = webhooks.data?.data ?? [];
  const losses = overview.data?.losses ?? [];
  const isWell = list.length === 0 && checks.length === 0 && losses.length === 0;
  return (
    <section aria-labelledby="attention">
      <h2 id="attention">Needs attention</h2>
      <QueryNote query={webhooks} />
      {isWell && webhooks.data !== undefined && (
        <EmptyNote>
          Nothing. Every webhook that was sent to has answered, and nothing was lost in the last hour.
        </EmptyNote>
      )}
      <ul className="problems">
        <CheckProblems checks={checks.filter(({ status: judged }) => judged === 'fail')} />
        {list.map((webhook) => (
          <WebhookProblem key={webhook.id} webhook={webhook} isOperator={isOperator} />
        ))}
        {losses.length > 0 && <LossProblem losses={losses} />}
        <CheckProblems checks={checks.filter(({ status: judged }) => judged === 'warn')} />
      </ul>
      {hasMore(webhooks.data) && (
        <p>
          <a href={hrefOf(['webhooks'], { show: 'attention' })}>All webhooks that need attention</a>
        </p>
      )}
    </section>
  );
}

// Webhooks and losses stand in the list themselves, with more to say.
function isOfWebhooks({ group, check }: Check): boolean {
  return check === 'losses' || /webhook/i.test(check) || (/webhook/i.test(group) && check !== 'delivery log');
}

function WebhookProblem({
  webhook,
  isOperator,
}: {
  readonly webhook: Webhook;
  readonly isOperator: boolean;
}) {
  const sentence = attentionOf(webhook, useNow());
  if (sentence === null) return null;
  return (
    <li className={webhook.health === 'catching up' ? 'warn' : 'bad'}>
      <div className="title">
        <a href={hrefOf(['webhooks', webhook.id])}>{webhook.name}</a>
        {isOperator && <span className="quiet">{webhook.companyId ?? 'all companies'}</span>}
        <HealthMark health={webhook.health} />
        <LastHour activity={webhook.activity} />
      </div>
      <p>{sentence.text}</p>
      {sentence.advice !== null && <p className="advice">{sentence.advice}</p>}
    </li>
  );
}

function CheckProblems({ checks }: { readonly checks: readonly Check[] }) {
  return checks.map((check) => <CheckProblem key={`${check.group} ${check.check}`} check={check} />);
}

function CheckProblem({ check }: { readonly check: Check }) {
  return (
    <li className={check.status === 'fail' ? 'bad' : 'warn'}>
      <div className="title">
        <strong>{check.check}</strong>
        <span className="quiet">{check.group}</span>
      </div>
      <p>{check.detail}</p>
      {check.remedy !== null && check.remedy !== '' && <pre className="advice">{check.remedy}</pre>}
    </li>
  );
}

function LossProblem({
  losses,
}: {
  readonly losses: readonly { readonly reason: string; readonly count: number | null }[];
}) {
  const reasons = losses.map(
    ({ reason, count }) => `${reason} ${count === null ? '(unknown)' : amount(count)}`,
  );
  return (
    <li className="warn">
      <div className="title">
        <a href={hrefOf(['losses'])}>Losses</a>
      </div>
      <p>In the last hour these were not delivered: {reasons.join(', ')}.</p>
      <p className="advice">
        The ledger says which, and why; deliveries that are in the log can be sent again.
      </p>
    </li>
  );
}

function Healths() {
  const overview = useOverview();
  const healths = overview.data?.webhooks ?? [];
  const total = healths.reduce((sum, { count }) => sum + count, 0);
  return (
    <section aria-labelledby="healths">
      <h2 id="healths">Webhooks</h2>
      <QueryNote query={overview} />
      {overview.data !== undefined && total === 0 && (
        <EmptyNote>
          There is none yet. <a href="#/webhooks">Create the first one</a>
        </EmptyNote>
      )}
      {total > 0 && (
        <ul className="tiles">
          <li>
            <a href="#/webhooks">
              <b>{amount(total)}</b> {total === 1 ? 'webhook' : 'webhooks'}
            </a>
          </li>
          {healths.map(({ health, count }) => (
            <li key={health}>
              <a
                href={hrefOf(['webhooks'], { show: health })}
                aria-label={counted(count, healthWord(health), healthWord(health))}
              >
                <b>{amount(count)}</b> <HealthMark health={health} />
              </a>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
