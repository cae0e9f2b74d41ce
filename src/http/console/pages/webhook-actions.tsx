// What may be done with a webhook: the buttons. What needs a question before is asked by the page.
import { useAddress } from '../address.ts';
import { useChange } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { announce } from '../parts/announcement.tsx';
import { BusyButton } from '../parts/busy-button.tsx';
import { ErrorNote } from '../parts/note.tsx';
import { isolated } from '../words/isolate.ts';
import { hrefOf } from '../words/places.ts';
import { useAsk } from './webhook-questions.tsx';

export function WebhookActions({ webhook }: { readonly webhook: Webhook }) {
  const { id, version, active } = webhook;
  const name = isolated(webhook.name);
  const ask = useAsk();
  const { path, params } = useAddress();
  const filters = path.length === 1 ? Object.fromEntries(params) : {};
  const change = useChange();
  const resume = (): void =>
    change.mutate(
      { id, version, changes: { active: true } },
      { onSuccess: () => announce(`“${name}” is resumed.`) },
    );
  const toggle = active ? 'Pause' : 'Resume';
  return (
    <div className="row-actions">
      <button
        type="button"
        className="small"
        aria-label={`Test ${name}`}
        onClick={() => ask({ kind: 'test', webhook })}
      >
        Test
      </button>
      <a
        className="button small"
        aria-label={`Edit ${name}`}
        href={hrefOf(['webhooks'], { ...filters, edit: id })}
      >
        Edit
      </a>
      <BusyButton
        className="small"
        aria-label={`${toggle} ${name}`}
        isBusy={change.isPending}
        onClick={() => (active ? ask({ kind: 'pause', webhook }) : resume())}
      >
        {toggle}
      </BusyButton>
      <button
        type="button"
        className="small"
        aria-label={`Delete ${name}`}
        onClick={() => ask({ kind: 'delete', webhook })}
      >
        Delete
      </button>
      <ErrorNote error={change.error} />
    </div>
  );
}
