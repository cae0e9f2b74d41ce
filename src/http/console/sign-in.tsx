// Asks for a token: instead of a page that was never shown, or above the one that is, whose form stays as it was filled in.
import { useId, useLayoutEffect, useRef, useState, type SubmitEvent } from 'react';
import { TroubleNote } from './parts/note.tsx';
import { useTitle } from './parts/title.ts';
import { isFramed, signIn, useSessionState } from './session.ts';

/** While nothing can be shown. */
export function SignIn() {
  useTitle('Sign in');
  if (isFramed)
    return (
      <main className="lonely">
        <p className="note empty" role="status">
          Waiting for the page around this one to sign you in…
        </p>
      </main>
    );
  return (
    <main className="lonely">
      <h1>rowhook</h1>
      <p>Row changes in Postgres become webhooks. This is its console: what is sent, what fails, and why.</p>
      <TokenForm hasFocus />
      <p className="quiet">
        The operator’s token is <code>ROWHOOK_ADMIN_TOKEN</code>; one for a company is made with{' '}
        <code>rowhook token --company &lt;id&gt;</code>. It is kept in this tab only.
      </p>
    </main>
  );
}

/** Above the page that is shown, or in the question that stands above it. It takes the focus from nobody who types there. */
export function SignInAgain() {
  const section = useRef<HTMLElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const element = section.current;
    return () => {
      if (element?.contains(document.activeElement) === true)
        element.closest<HTMLElement>('main, dialog')?.focus();
    };
  }, []);
  return (
    <section ref={section} className="again" aria-labelledby={id}>
      <h2 id={id}>Sign in again</h2>
      <p>The page stays as it is: what you typed is not lost, and nothing on it is renewed meanwhile.</p>
      {isFramed ? <Refusal /> : <TokenForm hasFocus={false} />}
    </section>
  );
}

function TokenForm({ hasFocus }: { readonly hasFocus: boolean }) {
  const id = useId();
  const [token, setToken] = useState('');
  const { refusal, isTrying } = useSessionState();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const given = token.trim();
    if (given !== '') signIn(given);
  };
  return (
    <form onSubmit={submit} className="token">
      <label htmlFor={id}>Token</label>
      <input
        id={id}
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={token}
        autoFocus={hasFocus}
        onChange={({ target }) => setToken(target.value)}
        aria-describedby={refusal === null || refusal === '' ? undefined : `${id}-refusal`}
      />
      <button type="submit" className="primary">
        {isTrying ? 'Signing in…' : 'Sign in'}
      </button>
      <Refusal id={`${id}-refusal`} />
    </form>
  );
}

function Refusal({ id }: { readonly id?: string }) {
  const { refusal, trouble } = useSessionState();
  return (
    <>
      {refusal !== null && refusal !== '' && (
        <p id={id} className="note bad" role="alert">
          {refusal}
        </p>
      )}
      {trouble !== null && <TroubleNote trouble={trouble} />}
    </>
  );
}
