// Somebody else changed the webhook while it was edited: what they changed beside what was typed here, and whose it shall be.
import { changedFields, type Conflict, type Draft } from './webhook-draft.ts';

export interface EditConflictProps {
  readonly conflict: Conflict;
  /** `mine` saves; `theirs` fills the form with theirs. What only one of the two changed stays in both. */
  readonly onSettled: (winner: 'mine' | 'theirs') => void;
}

const labels: Readonly<Record<keyof Draft, string>> = {
  name: 'Name',
  table: 'Table',
  url: 'URL',
  onInsert: 'Told of each insert',
  onUpdate: 'Told of each update',
  onDelete: 'Told of each delete',
  onTruncate: 'Told of TRUNCATE',
  active: 'Active',
  companyId: 'Company',
  allCompanies: 'All companies',
  breaker: 'After many failures in a row',
  concurrency: 'POSTs at a time',
};

export function EditConflict({ conflict, onSettled }: EditConflictProps) {
  const { base, mine, theirs } = conflict;
  const own = changedFields(base, mine);
  const changed = Object.keys(changedFields(base, theirs)) as (keyof Draft)[];
  return (
    <section className="note warn" aria-label="Changed by somebody else">
      <p role="alert">
        Nothing is saved: somebody else changed this webhook while you edited it
        {changed.length === 0 && ', but none of the fields here'}.
      </p>
      {changed.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Rows of changed fields">
          <table>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Theirs</th>
                <th scope="col">Yours</th>
              </tr>
            </thead>
            <tbody>
              {changed.map((name) => (
                <tr key={name}>
                  <th scope="row">{labels[name]}</th>
                  <td>{textOf(theirs[name])}</td>
                  <td>
                    {name in own ? (
                      textOf(mine[name])
                    ) : (
                      <span className="quiet">as it was: theirs stays</span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className="actions">
        <button type="button" className="primary" onClick={() => onSettled('mine')}>
          Save mine
        </button>
        {changed.some((name) => name in own) && (
          <button type="button" onClick={() => onSettled('theirs')}>
            Take theirs
          </button>
        )}
      </div>
    </section>
  );
}

function textOf(value: string | boolean): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return value === '' ? 'as for all' : value;
}
