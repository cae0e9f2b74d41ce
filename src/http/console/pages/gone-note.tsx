// What a question says when the webhook that it is asked of was deleted meanwhile.
import { isolated } from '../words/isolate.ts';

export function GoneNote({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  return (
    <>
      <p className="note bad" role="alert">
        “{isolated(name)}” is gone: it was deleted meanwhile, so nothing was done.
      </p>
      <div className="actions">
        <button type="button" autoFocus onClick={onClose}>
          Close
        </button>
      </div>
    </>
  );
}
