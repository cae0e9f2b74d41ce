// What the change did, field by field: those that changed first, the others folded away.
import { useState } from 'react';
import { differenceOf, type Field } from '../words/difference.ts';

export function DifferenceTable({ body }: { readonly body: string }) {
  const [showsAll, setShowsAll] = useState(false);
  const difference = differenceOf(body);
  if (difference === null) return null;
  const { fields, unchanged, isPartial } = difference;
  const changed = fields.filter(({ isChanged }) => isChanged);
  const shown = showsAll ? fields : changed;
  const others = fields.length - changed.length;
  return (
    <section aria-labelledby="difference">
      <h2 id="difference">What changed</h2>
      {changed.length === 0 && <p className="quiet">No field that the payload has was changed.</p>}
      {shown.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Rows of fields">
          <table className="difference">
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Before</th>
                <th scope="col">After</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((field) => (
                <Row key={field.name} field={field} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {others > 0 && (
        <button type="button" className="small" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Only what changed' : `Also the ${others} that did not change`}
        </button>
      )}
      {isPartial && <p className="quiet">The log carries the key columns of the old row only.</p>}
      {unchanged.length > 0 && (
        <p className="quiet">
          Large values that did not change are not in the payload: {unchanged.join(', ')}.
        </p>
      )}
    </section>
  );
}

function Row({ field: { name, before, after, isChanged } }: { readonly field: Field }) {
  return (
    <tr className={isChanged ? 'changed' : undefined}>
      <th scope="row">{name}</th>
      <td className="before">{before ?? '–'}</td>
      <td className="after">{after ?? '–'}</td>
    </tr>
  );
}
