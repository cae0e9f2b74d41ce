// What the change did, field by field: those that changed first, the others folded away.
import { useState } from 'react';
import { differenceOf, type Field } from '../words/difference.ts';

type Side = 'before' | 'after';

const heads: Readonly<Record<Side, string>> = { before: 'Before', after: 'After' };

export function DifferenceTable({ body }: { readonly body: string }) {
  const [showsAll, setShowsAll] = useState(false);
  const difference = differenceOf(body);
  if (difference === null) return null;
  const { fields, unchanged, isPartial } = difference;
  const changed = fields.filter(({ isChanged }) => isChanged);
  const shown = showsAll ? fields : changed;
  const others = fields.length - changed.length;
  // Of an INSERT there is no before, of a DELETE no after.
  const columns = (['before', 'after'] as const).filter((side) =>
    fields.some((field) => field[side] !== null),
  );
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
                {columns.map((side) => (
                  <th key={side} scope="col">
                    {columns.length === 1 ? 'Value' : heads[side]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((field) => (
                <Row key={field.name} field={field} columns={columns} />
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

interface RowProps {
  readonly field: Field;
  readonly columns: readonly Side[];
}

function Row({ field, columns }: RowProps) {
  const isPair = columns.length > 1;
  return (
    <tr className={field.isChanged && isPair ? 'changed' : undefined}>
      <th scope="row">{field.name}</th>
      {columns.map((side) => (
        <td key={side} className={side}>
          {field[side] ?? '–'}
        </td>
      ))}
    </tr>
  );
}
