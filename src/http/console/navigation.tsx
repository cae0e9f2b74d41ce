// Where one can go, and who is signed in. A company sees only what is its own.
import type { Session } from './api/types.ts';
import { currentToken, isFramed, signOut } from './session.ts';

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
        <span>{isOperator ? 'Operator' : `Company ${session.companyId ?? ''}`}</span>
        {currentToken() !== null && !isFramed && (
          <button type="button" className="small" onClick={signOut}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}
