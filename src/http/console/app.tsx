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
import { Announcement } from './parts/announcement.tsx';
import { FailureBoundary } from './parts/failure-boundary.tsx';
import { ClockTime } from './parts/moment.tsx';
import { EmptyNote, TroubleNote, Waiting } from './parts/note.tsx';
import { useTitle } from './parts/title.ts';
import { useSessionState } from './session.ts';
import { SessionContext } from './session-context.ts';
import { SignIn, SignInAgain } from './sign-in.tsx';
import { comeBack } from './steps.ts';
import { scopeOf } from './words/tokens.ts';

export function App() {
  const { session, refusal, trouble } = useSessionState();
  if (session === null) {
    if (refusal !== null) return <SignIn />;
    return (
      <main className="lonely">{trouble === null ? <Waiting /> : <TroubleNote trouble={trouble} />}</main>
    );
  }
  return (
    <SessionContext value={session}>
      {/* Another company's page begins anew. */}
      <Shell key={scopeOf(session)} session={session} isAsking={refusal !== null} trouble={trouble} />
    </SessionContext>
  );
}

interface ShellProps {
  readonly session: Session;
  /** Another token is needed. */
  readonly isAsking: boolean;
  /** Why it could not be asked whose a newer token is. */
  readonly trouble: string | null;
}

function Shell({ session, isAsking, trouble }: ShellProps) {
  const address = useAddress();
  const { path } = address;
  const place = path.join('/');
  const main = useRef<HTMLElement>(null);
  const before = useRef(place);
  useEffect(() => {
    const isOther = before.current !== place;
    before.current = place;
    // A link to another page of this one: whoever listens hears its heading, and the keyboard goes on from there.
    if (isOther && main.current?.contains(document.activeElement) === false)
      main.current.focus({ preventScroll: true });
    if (!comeBack() && isOther) window.scrollTo(0, 0);
  }, [place, address]);
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Navigation session={session} section={path[0] ?? ''} />
      <main ref={main} tabIndex={-1}>
        {isAsking ? <SignInAgain /> : <LostNote />}
        {trouble !== null && !isAsking && <TroubleNote trouble={trouble} />}
        <FailureBoundary key={place}>
          <Page path={path} isOperator={session.kind === 'operator'} />
        </FailureBoundary>
      </main>
      <Announcement />
    </div>
  );
}

function LostNote() {
  const lostSince = useLostSince();
  if (lostSince === null) return null;
  return (
    <p className="note bad again" role="alert">
      The service cannot be reached. What is shown is as of <ClockTime at={lostSince.toISOString()} />; it is
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
  return <NotFound />;
}

function NotFound() {
  useTitle('Not found');
  return (
    <>
      <h1>Not found</h1>
      <EmptyNote>
        There is no such page. <a href="#/">Go to the overview</a>
      </EmptyNote>
    </>
  );
}
