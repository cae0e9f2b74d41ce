// A question before something is done. The browser's own dialog keeps the focus in it, closes on Escape and gives the focus back to where it was.
import { useId, useLayoutEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useSessionState } from '../session.ts';
import { SignInAgain } from '../sign-in.tsx';

export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
}

export function Dialog({ title, children, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const { refusal } = useSessionState();
  // Closed while it is still part of the page: only then the browser gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element?.open === false) element.showModal();
    return () => element?.close();
  }, []);
  // One that was shown again meanwhile is not closed.
  const closed = (): void => {
    if (dialog.current?.open !== true) onClose();
  };
  return (
    <dialog ref={dialog} tabIndex={-1} aria-labelledby={id} onClose={closed} onKeyDown={ignoreHeldEnter}>
      <h2 id={id}>{title}</h2>
      {/* The page below cannot be reached now. */}
      {refusal !== null && <SignInAgain />}
      {children}
    </dialog>
  );
}

// The Enter that opened the question, held a little longer, is no answer to it.
function ignoreHeldEnter(event: KeyboardEvent): void {
  if (event.key === 'Enter' && event.repeat) event.preventDefault();
}
