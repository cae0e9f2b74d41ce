// Every webhook: the form above, for a new one or the one that the address names, and the list below. A form in which something was typed stays
// behind the one that is shown, until it is saved or cancelled.
import { useEffect, useRef, useState } from 'react';
import { addressNow, go, useAddress } from '../address.ts';
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
  const [typed, setTyped] = useState<readonly string[]>([]);
  const keep = (id: string): void => setTyped((ids) => (ids.includes(id) ? ids : [...ids, id]));
  const open = editedId === null || typed.includes(editedId) ? typed : [...typed, editedId];
  const leave = (id: string): void => {
    setTyped((ids) => ids.filter((each) => each !== id));
    const { path, params: now } = addressNow();
    // It may have been saved while another one was opened.
    if (now.get('edit') !== id) return;
    const { edit: _, ...others } = Object.fromEntries(now);
    go(path, others);
  };
  return (
    <WebhookQuestions>
      <h1>Webhooks</h1>
      <div ref={form}>
        <div hidden={editedId !== null}>
          <WebhookForm edited={null} onDone={() => undefined} />
        </div>
        {editedId !== null && <ErrorNote error={edited.error} />}
        {open.map((id) => (
          <div key={id} hidden={id !== editedId} onInput={() => keep(id)}>
            <EditForm id={id} onDone={() => leave(id)} />
          </div>
        ))}
      </div>
      <WebhookList />
    </WebhookQuestions>
  );
}

function EditForm({ id, onDone }: { readonly id: string; readonly onDone: () => void }) {
  const { data } = useWebhookToEdit(id);
  return data === undefined ? null : <WebhookForm edited={data} onDone={onDone} />;
}

/** The form may stand far above the row that it was opened from: it is scrolled to, and afterwards the row again. `editedId`: once it is shown. */
function useFocusOfForm(editedId: string | null) {
  const form = useRef<HTMLDivElement>(null);
  const before = useRef<string | null>(null);
  useEffect(() => {
    if (editedId !== null) {
      form.current?.scrollIntoView();
      form.current
        ?.querySelector<HTMLElement>(':scope > :not([hidden]) input')
        ?.focus({ preventScroll: true });
    } else if (before.current !== null) focusRowOf(before.current);
    before.current = editedId;
  }, [editedId]);
  return form;
}
