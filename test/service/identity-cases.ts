/** The same changes of one row under each replica identity, and what the webhooks of two companies and of all then receive. */

export const identities = ['full', 'default', 'using index', 'nothing'] as const;
export type Identity = (typeof identities)[number];

/** `tenant text not null, id int primary key, note text`, and for an index identity a unique index on (tenant, id). */
export const columns = 'tenant text not null, id int primary key, note text';

/** An insert, an update that leaves the key alone, a change of the key, a change of the company, a delete. */
export function changes(table: string): string[] {
  return [
    `insert into ${table} values ('acme', 1, 'first')`,
    `update ${table} set note = null`,
    `update ${table} set id = 2`,
    `update ${table} set tenant = 'globex'`,
    `delete from ${table}`,
  ];
}

export interface Expected {
  readonly acme: readonly string[];
  readonly globex: readonly string[];
  readonly all: readonly string[];
  /** Changes that tell no company. */
  readonly undecidable: number;
}

interface Told {
  readonly type: string;
  readonly companyId: string | null;
  readonly record: Readonly<Record<string, unknown>>;
  readonly old?: Readonly<Record<string, unknown>> | null;
  readonly partial?: boolean;
}

const first = { tenant: 'acme', id: 1, note: 'first' };
const second = { tenant: 'acme', id: 1, note: null };
const third = { tenant: 'acme', id: 2, note: null };
const fourth = { tenant: 'globex', id: 2, note: null };
const insert: Told = { type: 'INSERT', companyId: 'acme', record: first };
const joined: Told = { type: 'INSERT', companyId: 'globex', record: fourth };

const told: Readonly<Record<Identity, Readonly<Record<'acme' | 'globex' | 'all', readonly Told[]>>>> = {
  full: {
    acme: [insert, update(second, first), update(third, second), deleted(third)],
    globex: [joined, deleted(fourth)],
    all: [insert, update(second, first), update(third, second), update(fourth, third), deleted(fourth)],
  },
  // The key is the id alone: whose row it was is not in the log, and so no old value is for a company.
  default: {
    acme: [insert, update(second, null), update(third, null)],
    globex: [update(fourth, null)],
    all: [
      ...[insert, update(second, null), partly(update(third, { id: 1 })), update(fourth, null)],
      { ...partly(deleted({ id: 2 })), companyId: null },
    ],
  },
  'using index': {
    acme: [
      ...[insert, update(second, null), partly(update(third, { tenant: 'acme', id: 1 }))],
      partly(deleted({ tenant: 'acme', id: 2 })),
    ],
    globex: [joined, partly(deleted({ tenant: 'globex', id: 2 }))],
    all: [
      ...[insert, update(second, null), partly(update(third, { tenant: 'acme', id: 1 }))],
      ...[partly(update(fourth, { tenant: 'acme', id: 2 })), partly(deleted({ tenant: 'globex', id: 2 }))],
    ],
  },
  nothing: { acme: [insert], globex: [], all: [insert] },
};

export function expected(table: string, identity: Identity): Expected {
  const { acme, globex, all } = told[identity];
  const bodies = (list: readonly Told[]): string[] =>
    list.map(({ type, ...rest }) => JSON.stringify({ type, table, ...rest }));
  return {
    acme: bodies(acme),
    globex: bodies(globex),
    all: bodies(all),
    undecidable: identity === 'default' ? 1 : 0,
  };
}

function update(record: typeof fourth, old: Told['record'] | null): Told {
  return { type: 'UPDATE', companyId: record.tenant, record, old };
}

function deleted(record: { readonly tenant?: string; readonly id: number }): Told {
  return { type: 'DELETE', companyId: record.tenant ?? null, record, old: record };
}

function partly(change: Told): Told {
  return { ...change, partial: true };
}
