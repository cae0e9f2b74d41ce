// What is wrong at this moment, worst first: one sentence each, what to do about it, and where to go.
import { hasMore, useOverview, useStatus, useVitals, useWebhooks } from '../api/queries.ts';
import { useLostSince } from '../api/reach.ts';
import type { Check, Webhook } from '../api/types.ts';
import { HealthMark } from '../parts/health-mark.tsx';
import { Isolate } from '../parts/isolate.tsx';
import { LastHour } from '../parts/last-hour.tsx';
import { ClockTime } from '../parts/moment.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { useNow } from '../parts/now.ts';
import { useTitle } from '../parts/title.ts';
import { amount, counted } from '../words/amounts.ts';
import { attentionOf } from '../words/attention.ts';
import { failureOf } from '../words/failures.ts';
import { isolated } from '../words/isolate.ts';
import { hrefOf } from '../words/places.ts';
import { inAll, summaryOfService, summaryOfWebhooks } from '../words/summary.ts';
import { useZone } from '../zone.ts';

const shownAtMost = 10;
const needy = ['failing', 'breaker open', 'table disabled', 'catching up'] as const;

export function Attention({ isOperator }: { readonly isOperator: boolean }) {
  const webhooks = useWebhooks({ health: needy, limit: shownAtMost });
  const status = useStatus(isOperator);
  const overview = useOverview();
  const checks = (status.data?.checks ?? []).filter((check) => check.status !== 'ok' && !isOfWebhooks(check));
  const list = webhooks.data?.data ?? [];
  const losses = overview.data?.losses ?? [];
  const found = list.length + checks.length + (losses.length > 0 ? 1 : 0);
  const rest = (overview.data?.webhooks ?? []).filter(({ health }) => isNeedy(health));
  // Of webhooks only the first are listed.
  const unlisted = Math.max(0, inAll(rest) - list.length);
  const needing = found + unlisted;
  useTitle(needing === 0 ? 'Overview' : counted(needing, 'needs attention', 'need attention'));
  const asked = isOperator ? [webhooks, overview, status] : [webhooks, overview];
  const isKnown = asked.every(({ data, error }) => data !== undefined && error === null);
  return (
    <section aria-labelledby="attention">
      <div className="title">
        <h2 id="attention">Needs attention</h2>
        {found > 0 && <span className="quiet">{hasMore(webhooks.data) ? `${found} and more` : found}</span>}
      </div>
      {asked.map((query, at) => (
        <QueryNote key={at} query={query} />
      ))}
      {isKnown && found === 0 && (
        <EmptyNote>Nothing. No active webhook fails, and nothing was lost in the last hour.</EmptyNote>
      )}
      {list.some(({ health }) => health !== 'catching up') && (
        <p className="quiet">
          What failed is not sent again by itself: it is lost unless somebody sends it again from the
          webhook’s page. What waits will be sent.
        </p>
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

function isNeedy(health: string): boolean {
  return needy.some((each) => each === health);
}

/** All of the page in a line, and as of when. */
export function Summary({ isOperator }: { readonly isOperator: boolean }) {
  const overview = useOverview();
  const status = useStatus(isOperator);
  const vitals = useVitals(isOperator);
  const lostSince = useLostSince();
  if (overview.data === undefined) return null;
  const own = (status.data?.checks ?? []).filter((check) => !isOfWebhooks(check));
  const judged = (as: Check['status']): number => own.filter((check) => check.status === as).length;
  const service = { failing: judged('fail'), warning: judged('warn'), lagMs: vitals.data?.lagMs ?? null };
  return (
    <p className="summary">
      <strong>{summaryOfWebhooks(overview.data.webhooks)}</strong>{' '}
      {status.data !== undefined && lostSince === null && summaryOfService(service)}{' '}
      <span className="quiet">
        As of <ClockTime at={new Date(overview.dataUpdatedAt).toISOString()} />.
      </span>
    </p>
  );
}

// Webhooks and losses stand in the list themselves, with more to say.
function isOfWebhooks({ group, check }: Check): boolean {
  return group === 'deliveries' && check !== 'delivery log';
}

interface WebhookProblemProps {
  readonly webhook: Webhook;
  readonly isOperator: boolean;
}

function WebhookProblem({ webhook, isOperator }: WebhookProblemProps) {
  const { id, name, companyId, health, activity } = webhook;
  const sentence = attentionOf(webhook, useNow(), useZone());
  if (sentence === null) return null;
  return (
    <li className={health === 'catching up' ? 'warn' : 'bad'}>
      <div className="title">
        <a href={hrefOf(['webhooks', id])}>
          <Isolate text={name} />
        </a>
        {isOperator && (
          <span className="quiet">
            <Isolate text={companyId ?? 'all companies'} />
          </span>
        )}
        <HealthMark health={health} />
        <span className="hour">
          <span className="quiet" aria-hidden>
            last hour
          </span>
          <LastHour activity={activity} />
        </span>
      </div>
      <p>{sentence.text}</p>
      <div className="foot">
        <p className="advice">{sentence.advice ?? ''}</p>
        <a
          className="button small"
          href={hrefOf(['webhooks', id])}
          aria-label={`${seeWords(health)}: ${isolated(name)}`}
        >
          {seeWords(health)}
        </a>
      </div>
    </li>
  );
}

function seeWords(health: string): string {
  if (health === 'failing' || health === 'breaker open') return 'See its failures';
  return health === 'catching up' ? 'See what waits' : 'See the webhook';
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

interface LossProblemProps {
  readonly losses: readonly { readonly reason: string; readonly count: number | null }[];
}

function LossProblem({ losses }: LossProblemProps) {
  const reasons = losses.map(({ reason, count }) => {
    const { what } = failureOf(reason);
    const words = what === reason ? reason : `${reason} (${what})`;
    return `${count === null ? 'an unknown number' : amount(count)} ${words}`;
  });
  return (
    <li className="warn">
      <div className="title">
        <a href={hrefOf(['losses'])}>Losses of the last hour</a>
      </div>
      <p>Not delivered, or not surely: {reasons.join(', ')}.</p>
      <div className="foot">
        <p className="advice">The ledger says which. What the delivery log still has can be sent again.</p>
        <a className="button small" href={hrefOf(['losses'])}>
          See what was lost
        </a>
      </div>
    </li>
  );
}
