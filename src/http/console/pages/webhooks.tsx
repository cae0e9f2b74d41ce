// Every webhook: the form above, for a new one or the one that the address names, and the list below.
import { go, useAddress } from '../address.ts';
import { useWebhookToEdit } from '../api/queries.ts';
import { ErrorNote } from '../parts/note.tsx';
import { WebhookForm } from './webhook-form.tsx';
import { WebhookList } from './webhook-list.tsx';

export function WebhooksPage() {
  const { params } = useAddress();
  const editedId = params.get('edit');
  const edited = useWebhookToEdit(editedId);
  const leave = (): void => {
    const { edit: _, ...others } = Object.fromEntries(params);
    go(['webhooks'], others);
  };
  return (
    <>
      <h1>Webhooks</h1>
      {editedId === null && <WebhookForm key="new" edited={null} onDone={() => undefined} />}
      {editedId !== null && edited.error !== null && <ErrorNote error={edited.error} />}
      {editedId !== null && edited.data !== undefined && (
        <WebhookForm key={editedId} edited={edited.data} onDone={leave} />
      )}
      <WebhookList />
    </>
  );
}
