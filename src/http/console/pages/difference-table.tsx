// What the change did, field by field: those that changed first, those of which it is not known next, the others folded away.
import { useState } from 'react';
import { differenceOf, type Difference, type Field, type Side } from '../words/difference.ts';
import { isolated } from '../words/isolate.ts';

const heads: Readonly<Record<Side, string>> = { before: 'Before', after: 'After' };

export function DifferenceTable({ body }: { readonly body: string }) {
  const [showsAll, setShowsAll] = useState(false);
  const difference = differenceOf(body);
  if (difference === null) return null;
  const { fields, sides, unchanged } = difference;
  const told = fields.filter(({ change }) => change !== 'same');
  const shown = showsAll ? fields : told;
  const others = fields.length - told.length;
  return (
    <section aria-labelledby="difference">
      <h2 id="difference">What changed</h2>
      <Lack of={difference} />
      {told.length === 0 && <p className="quiet">No field that the payload has was changed.</p>}
      {shown.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Rows of fields">
          <table className="difference">
            <thead>
              <tr>
                <th scope="col">Field</th>
                {sides.map((side) => (
                  <th key={side} scope="col">
                    {sides.length === 1 ? 'Value' : heads[side]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((field) => (
                <Row key={field.name} field={field} sides={sides} />
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
      {unchanged.length > 0 && (
        <p className="quiet">
          Large values that did not change are not in the payload: {unchanged.map(isolated).join(', ')}.
        </p>
      )}
    </section>
  );
}

// Of a table without full identity Postgres logs less than the whole old row.
function Lack({ of: { old, sides } }: { readonly of: Difference }) {
  if (old === 'all') return null;
  const isUpdate = sides.length > 1;
  const has = old === 'key' ? 'only the key of the row as it was' : 'nothing of the row as it was';
  return (
    <p className="quiet">
      The table’s replica identity is not full, so Postgres logs {has}
      {isUpdate && ': whether the other fields changed is not known'}.
    </p>
  );
}

interface RowProps {
  readonly field: Field;
  readonly sides: readonly Side[];
}

function Row({ field, sides }: RowProps) {
  const isPair = sides.length > 1;
  return (
    <tr className={field.change === 'changed' && isPair ? 'changed' : undefined}>
      <th scope="row">{field.name}</th>
      {sides.map((side) => (
        <td key={side} className={side}>
          {field[side] ?? (field.change === 'not known' ? <span className="quiet">not known</span> : '–')}
        </td>
      ))}
    </tr>
  );
}
