// Asks for a token: instead of a page that was never shown, or above the one that is, whose form stays as it was filled in.
import { useState, type SubmitEvent } from 'react';
import { queryClient } from './api/queries.ts';
import { Dialog } from './parts/dialog.tsx';
import { signIn } from './session.ts';

export interface SignInProps {
  /** What the service said of the last one; empty: there was none. */
  readonly refusal: string;
  readonly isAgain: boolean;
}

export function SignIn({ refusal, isAgain }: SignInProps) {
  if (isAgain)
    return (
      <Dialog title="Sign in again" onClose={() => undefined}>
        <p>The page stays as it is: what you typed is not lost.</p>
        <TokenForm refusal={refusal} />
      </Dialog>
    );
  return (
    <main className="lonely">
      <h1>rowhook</h1>
      <p>Row changes in Postgres become webhooks. This is its console: what is sent, what fails, and why.</p>
      <TokenForm refusal={refusal} />
      <p className="quiet">
        The operator’s token is <code>ROWHOOK_ADMIN_TOKEN</code>; one for a company is made with{' '}
        <code>rowhook token --company &lt;id&gt;</code>. It is kept in this tab only.
      </p>
    </main>
  );
}

function TokenForm({ refusal }: { readonly refusal: string }) {
  const [token, setToken] = useState('');
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const given = token.trim();
    if (given === '') return;
    signIn(given);
    void queryClient.invalidateQueries();
  };
  return (
    <form onSubmit={submit} className="token">
      <label htmlFor="token">Token</label>
      <input
        id="token"
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={token}
        autoFocus
        onChange={({ target }) => setToken(target.value)}
        aria-describedby={refusal === '' ? undefined : 'token-refusal'}
      />
      <button type="submit" className="primary">
        Sign in
      </button>
      {refusal !== '' && (
        <p id="token-refusal" className="note bad" role="alert">
          {refusal}
        </p>
      )}
    </form>
  );
}
