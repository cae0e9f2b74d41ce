// Where one can go, and who is signed in. A company sees only what is its own.
import type { Session } from './api/types.ts';
import { Isolate } from './parts/isolate.tsx';
import { currentToken, isFramed, signOut } from './session.ts';
import { chooseUtc, useZone } from './zone.ts';

const pages = [
  { section: '', name: 'Overview', isOperators: false },
  { section: 'webhooks', name: 'Webhooks', isOperators: false },
  { section: 'losses', name: 'Losses', isOperators: false },
  { section: 'tables', name: 'Tables', isOperators: true },
  { section: 'why', name: 'Why', isOperators: false },
];

export function Navigation({ session, section }: { readonly session: Session; readonly section: string }) {
  const isOperator = session.kind === 'operator';
  const here = section === 'deliveries' ? 'webhooks' : section;
  return (
    <header className="bar">
      <a className="brand" href="#/">
        rowhook
      </a>
      <nav aria-label="Pages">
        <ul>
          {pages
            .filter(({ isOperators }) => isOperator || !isOperators)
            .map((page) => (
              <li key={page.section}>
                <a href={`#/${page.section}`} aria-current={page.section === here ? 'page' : undefined}>
                  {page.name}
                </a>
              </li>
            ))}
        </ul>
      </nav>
      <div className="who">
        {isOperator ? (
          <span>Operator</span>
        ) : (
          <span>
            Company <Isolate text={session.companyId ?? ''} />
          </span>
        )}
        <ZoneSwitch />
        {currentToken() !== null && !isFramed && (
          <button type="button" className="small" onClick={signOut}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

const zones = [
  { name: 'Local', isUtc: false },
  { name: 'UTC', isUtc: true },
];

function ZoneSwitch() {
  const isUtcNow = useZone() === 'UTC';
  return (
    <div className="switch" role="group" aria-label="Times are">
      {zones.map(({ name, isUtc }) => (
        <button
          key={name}
          type="button"
          className="small"
          aria-pressed={isUtc === isUtcNow}
          onClick={() => chooseUtc(isUtc)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
