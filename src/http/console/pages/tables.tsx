// The tables that webhooks may watch, what watching each costs, and the statement that enables another. For operators.
import { useState } from 'react';
import { useStatus, useTableChecks, useTables } from '../api/queries.ts';
import type { Table, TableCheck } from '../api/types.ts';
import { Code } from '../parts/copy.tsx';
import { Isolate } from '../parts/isolate.tsx';
import { EmptyNote, QueryNote } from '../parts/note.tsx';
import { useTitle } from '../parts/title.ts';
import { EnableStatement } from './enable-statement.tsx';
import { byModule } from './modules.ts';

export function TablesPage() {
  useTitle('Tables');
  const tables = useTables();
  return (
    <>
      <h1>Tables</h1>
      <QueryNote query={tables} />
      {tables.data?.length === 0 && (
        <EmptyNote>No table is enabled yet: its owner runs the statement below.</EmptyNote>
      )}
      {byModule(tables.data ?? []).map(([module, inModule]) => (
        <section key={module} aria-label={module}>
          <h2>{module}</h2>
          {inModule.map((table) => (
            <TableCard key={table.name} table={table} />
          ))}
        </section>
      ))}
      <EnableStatement />
    </>
  );
}

function TableCard({ table }: { readonly table: Table }) {
  const [isOpen, setIsOpen] = useState(false);
  const { name, label, relation, companyColumn, replicaIdentity, enabled, logsBodies } = table;
  return (
    <details className="card table-card" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        <strong>
          <Isolate text={label ?? name} />
        </strong>{' '}
        <code>
          <Isolate text={relation ?? name} />
        </code>
        <span className={enabled ? 'mark good' : 'mark rest'}>{enabled ? 'Enabled' : 'Disabled'}</span>
        <Warning name={name} />
      </summary>
      <p>
        Payloads call it{' '}
        <code>
          <Isolate text={name} />
        </code>
        .{' '}
        {(companyColumn ?? null) === null ? (
          'Its rows belong to no company.'
        ) : (
          <>
            Whose a row is says the column “<Isolate text={companyColumn ?? ''} />
            ”.
          </>
        )}{' '}
        Identity {replicaIdentity}.
        {logsBodies === false && ' What is sent of it is kept out of the delivery log.'}
      </p>
      {isOpen && <Checks name={name} />}
    </details>
  );
}

// What the status says of it, so that nobody has to open each.
function Warning({ name }: { readonly name: string }) {
  const said = useStatus(true).data?.checks.find(
    ({ group, check }) => group === 'tables' && check === `table ${name}`,
  );
  if (said === undefined || said.status === 'ok') return null;
  return <span className={`mark ${tones[said.status]}`}>{words[said.status]}</span>;
}

function Checks({ name }: { readonly name: string }) {
  const checks = useTableChecks(name);
  return (
    <>
      <QueryNote query={checks} />
      <ul className="checks">
        {(checks.data ?? []).map((check) => (
          <CheckLine key={`${check.check} ${check.detail}`} check={check} />
        ))}
      </ul>
    </>
  );
}

const tones = { ok: 'good', warn: 'warn', fail: 'bad' } as const;
const words = { ok: 'OK', warn: 'Look', fail: 'Wrong' } as const;

function CheckLine({ check: { check, status, detail, remedy } }: { readonly check: TableCheck }) {
  return (
    <li>
      <span className={`mark ${tones[status]}`}>{words[status]}</span>
      <div>
        <strong>{check}</strong>: {detail}
        {remedy !== null && <Code text={remedy} name={`What mends ${check}`} />}
      </div>
    </li>
  );
}
