// How many webhooks are how, each a link to the list of them.
import { useOverview } from '../api/queries.ts';
import { Amount } from '../parts/amount.tsx';
import { HealthMark } from '../parts/health-mark.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { hrefOf } from '../words/places.ts';
import { inAll } from '../words/summary.ts';

const worstFirst = [
  'failing',
  'breaker open',
  'table disabled',
  'catching up',
  'paused',
  'recovered',
  'ok',
  'idle',
];

function rankOf(health: string): number {
  const rank = worstFirst.indexOf(health);
  return rank === -1 ? worstFirst.length : rank;
}

export function Healths() {
  const overview = useOverview();
  const healths = [...(overview.data?.webhooks ?? [])].sort((a, b) => rankOf(a.health) - rankOf(b.health));
  const total = inAll(healths);
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
        <ul className="healths card">
          {healths.map(({ health, count }) => (
            <li key={health}>
              <a href={hrefOf(['webhooks'], { show: health })}>
                <HealthMark health={health} /> <Amount count={count} />
              </a>
            </li>
          ))}
          <li>
            <a href={hrefOf(['webhooks'])}>
              In all <Amount count={total} />
            </a>
          </li>
        </ul>
      )}
    </section>
  );
}
