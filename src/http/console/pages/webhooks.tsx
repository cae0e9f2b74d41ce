// Every webhook: the form above, for a new one or the one that the address names, and the list below.
import { useEffect, useRef } from 'react';
import { go, useAddress } from '../address.ts';
import { useWebhookToEdit } from '../api/queries.ts';
import { ErrorNote } from '../parts/note.tsx';
import { useTitle } from '../parts/title.ts';
import { isolated } from '../words/isolate.ts';
import { focusRowOf } from './list-focus.ts';
import { WebhookForm } from './webhook-form.tsx';
import { WebhookList } from './webhook-list.tsx';
import { WebhookQuestions } from './webhook-questions.tsx';

export function WebhooksPage() {
  const { params } = useAddress();
  const editedId = params.get('edit');
  const edited = useWebhookToEdit(editedId);
  const isShown = editedId !== null && edited.data !== undefined;
  const form = useFocusOfForm(isShown ? editedId : null);
  useTitle(isShown ? `Edit ${isolated(edited.data.name)}` : 'Webhooks');
  const leave = (): void => {
    const { edit: _, ...others } = Object.fromEntries(params);
    go(['webhooks'], others);
  };
  return (
    <WebhookQuestions>
      <h1>Webhooks</h1>
      <div ref={form}>
        {editedId === null && <WebhookForm key="new" edited={null} onDone={() => undefined} />}
        {editedId !== null && <ErrorNote error={edited.error} />}
        {isShown && <WebhookForm key={editedId} edited={edited.data} onDone={leave} />}
      </div>
      <WebhookList />
    </WebhookQuestions>
  );
}

/** The form may stand far above the row that it was opened from: it is scrolled to, and afterwards the row again. `editedId`: once it is shown. */
function useFocusOfForm(editedId: string | null) {
  const form = useRef<HTMLDivElement>(null);
  const before = useRef<string | null>(null);
  useEffect(() => {
    if (editedId !== null) {
      form.current?.scrollIntoView();
      form.current?.querySelector('input')?.focus({ preventScroll: true });
    } else if (before.current !== null) focusRowOf(before.current);
    before.current = editedId;
  }, [editedId]);
  return form;
}
