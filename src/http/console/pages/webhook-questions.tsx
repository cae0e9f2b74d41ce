// Which question is asked of which webhook. It is held above the list, so that it outlives the row that it was asked at, and what is typed stays.
import { createContext, useCallback, useContext, useEffect, useRef, useState, type ReactNode } from 'react';
import { isUnknown, useWebhook } from '../api/queries.ts';
import type { Webhook } from '../api/types.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { rowsFrom, focusFirst } from './list-focus.ts';
import { PauseDialog } from './pause-dialog.tsx';
import { TestDialog } from './test-dialog.tsx';

const dialogs = { pause: PauseDialog, delete: DeleteDialog, test: TestDialog } as const;

interface Question {
  readonly kind: keyof typeof dialogs;
  /** As it was when the question was asked. */
  readonly webhook: Webhook;
}

export interface DialogOfWebhookProps {
  /** As it is now, or was last. */
  readonly webhook: Webhook;
  /** The version that the question was asked of. */
  readonly askedVersion: number;
  /** It was deleted since then. */
  readonly isGone: boolean;
  readonly onClose: () => void;
  /** It closes because the webhook is deleted. */
  readonly onDeleted: () => void;
}

const AskContext = createContext<(question: Question) => void>(() => undefined);

export function useAsk(): (question: Question) => void {
  return useContext(AskContext);
}

export function WebhookQuestions({ children }: { readonly children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const rows = useRef<readonly Element[]>([]);
  const ask = useCallback((asked: Question): void => {
    rows.current = rowsFrom(asked.webhook.id);
    setQuestion(asked);
  }, []);
  const isOpen = question !== null;
  const wasOpen = useRef(false);
  const isDeleted = useRef(false);
  useEffect(() => {
    // The dialog gave the focus back, unless what had it is gone, or soon will be.
    const isLost = isDeleted.current || document.activeElement === document.body;
    if (wasOpen.current && !isOpen && isLost) focusFirst(rows.current);
    wasOpen.current = isOpen;
    isDeleted.current = false;
  }, [isOpen]);
  const close = (): void => setQuestion(null);
  const deleted = (): void => {
    rows.current = rows.current.slice(1);
    isDeleted.current = true;
    close();
  };
  return (
    <AskContext value={ask}>
      {children}
      {question !== null && <Asked question={question} onClose={close} onDeleted={deleted} />}
    </AskContext>
  );
}

interface AskedProps extends Pick<DialogOfWebhookProps, 'onClose' | 'onDeleted'> {
  readonly question: Question;
}

function Asked({ question, onClose, onDeleted }: AskedProps) {
  const { kind, webhook: asked } = question;
  const { data, error } = useWebhook(asked.id);
  const webhook = data !== undefined && data.version >= asked.version ? data : asked;
  const OfKind = dialogs[kind];
  return (
    <OfKind
      webhook={webhook}
      askedVersion={asked.version}
      isGone={isUnknown(error)}
      onClose={onClose}
      onDeleted={onDeleted}
    />
  );
}
