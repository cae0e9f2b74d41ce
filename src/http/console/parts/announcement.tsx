// What was done, for those who cannot see that a row is gone or a form closed. There is one for the whole page, which no change of the page takes away.
import { useSyncExternalStore } from 'react';

interface Said {
  readonly text: string;
  /** The same words said again are news. */
  readonly turn: number;
}

const listeners = new Set<() => void>();
let said: Said = { text: '', turn: 0 };

/** A whole sentence, which a screen reader says when it has finished what it says now. */
export function announce(text: string): void {
  said = { text, turn: said.turn + 1 };
  for (const listener of listeners) listener();
}

export function Announcement() {
  const { text, turn } = useSyncExternalStore(subscribe, () => said);
  return (
    <p role="status" className="unseen">
      <span key={turn}>{text}</span>
    </p>
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
