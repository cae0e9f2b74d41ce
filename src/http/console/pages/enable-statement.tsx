// The statement that enables a table, made as its form is filled in. Who runs it is the table's owner, so the page only shows it.
import { useState } from 'react';
import { Code } from '../parts/copy.tsx';
import { enableSql, type EnableWish } from '../words/statements.ts';

const fields: readonly (readonly [keyof EnableWish, string])[] = [
  ['relation', 'Table, as its owner writes it'],
  ['companyColumn', 'Company column (empty: none)'],
  ['module', 'Module'],
  ['label', 'Label'],
];

export function EnableStatement() {
  const [wish, setWish] = useState<EnableWish>({
    relation: 'erp."salesOrder"',
    companyColumn: 'companyId',
    module: '',
    label: '',
  });
  return (
    <section aria-labelledby="enable">
      <h2 id="enable">Enable another table</h2>
      <p>
        Run this as the table’s owner and a member of <code>rowhook_dba</code>. The first line changes nothing
        and says what it will cost; the second takes the table’s lock for a moment, or gives up within two
        seconds.
      </p>
      <div className="fields">
        {fields.map(([name, label]) => (
          <div className="field" key={name}>
            <label htmlFor={`enable-${name}`}>{label}</label>
            <input
              id={`enable-${name}`}
              value={wish[name]}
              spellCheck={false}
              onChange={({ target }) => setWish({ ...wish, [name]: target.value })}
            />
          </div>
        ))}
      </div>
      <Code text={enableSql(wish)} name="The statement" />
    </section>
  );
}
