// The frame of every page: who is signed in, where one can go, and the page that the address names. While a token is asked for again the page
// stays as it is below the question.
import { useEffect, useRef } from 'react';
import { useAddress } from './address.ts';
import { useLostSince } from './api/reach.ts';
import type { Session } from './api/types.ts';
import { Navigation } from './navigation.tsx';
import { DeliveryPage } from './pages/delivery.tsx';
import { LossesPage } from './pages/losses.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { TablesPage } from './pages/tables.tsx';
import { WebhookPage } from './pages/webhook.tsx';
import { WebhooksPage } from './pages/webhooks.tsx';
import { WhyPage } from './pages/why.tsx';
import { LocalTime } from './parts/moment.tsx';
import { FailureBoundary } from './parts/failure-boundary.tsx';
import { EmptyNote, ErrorNote, Waiting } from './parts/note.tsx';
import { scopeOf, useSessionState } from './session.ts';
import { SessionContext } from './session-context.ts';
import { SignIn, SignInAgain } from './sign-in.tsx';

export function App() {
  const { session, refusal, trouble } = useSessionState();
  if (session === null) {
    if (refusal !== null) return <SignIn />;
    return (
      <main className="lonely">
        {trouble === null ? (
          <Waiting />
        ) : (
          <ErrorNote error={new Error(`${trouble} It is tried again by itself.`)} />
        )}
      </main>
    );
  }
  return (
    <SessionContext value={session}>
      {/* Another company's page begins anew. */}
      <Shell key={scopeOf(session)} session={session} isAsking={refusal !== null} />
    </SessionContext>
  );
}

interface ShellProps {
  readonly session: Session;
  /** Another token is needed. */
  readonly isAsking: boolean;
}

function Shell({ session, isAsking }: ShellProps) {
  const { path } = useAddress();
  const place = path.join('/');
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    // A link to another page of this one: whoever listens hears its heading, and the keyboard goes on from there.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
    window.scrollTo(0, 0);
  }, [place]);
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Navigation session={session} section={path[0] ?? ''} />
      <main ref={main} tabIndex={-1}>
        {isAsking ? <SignInAgain /> : <LostNote />}
        <FailureBoundary key={place}>
          <Page path={path} isOperator={session.kind === 'operator'} />
        </FailureBoundary>
      </main>
    </div>
  );
}

function LostNote() {
  const lostSince = useLostSince();
  if (lostSince === null) return null;
  return (
    <p className="note bad again" role="alert">
      The service cannot be reached. What is shown is as of <LocalTime at={lostSince.toISOString()} />; it is
      asked again and again.
    </p>
  );
}

function Page({ path, isOperator }: { readonly path: readonly string[]; readonly isOperator: boolean }) {
  const [section = '', id] = path;
  if (section === '') return <OverviewPage />;
  if (section === 'webhooks') return id === undefined ? <WebhooksPage /> : <WebhookPage key={id} id={id} />;
  if (section === 'deliveries' && id !== undefined) return <DeliveryPage key={id} id={id} />;
  if (section === 'losses') return <LossesPage />;
  if (section === 'tables' && isOperator) return <TablesPage />;
  if (section === 'why') return <WhyPage />;
  return (
    <>
      <h1>Not found</h1>
      <EmptyNote>
        There is no such page. <a href="#/">Go to the overview</a>
      </EmptyNote>
    </>
  );
}
