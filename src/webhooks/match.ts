// Which webhooks a change goes to, and how each sees it. A row that moves from company A to company B is a DELETE for A and
// an INSERT for B, so that neither sees the other's data. Invariant: without the company's value nothing is decided.
import type { Row } from '../payload/row.ts';
import type { Route, RowOperation } from './registry.ts';
import type { Webhook } from './webhook.ts';

/**
 * How a webhook sees the change: as it was, as the row leaving its company, as the row joining it, or only as it left the row, because
 * whose the old values were is unknown.
 */
export type View = 'whole' | 'left' | 'joined' | 'new only';

export interface Match {
  readonly webhook: Webhook;
  readonly view: View;
}

export interface Decision {
  readonly matches: readonly Match[];
  /** The company of the row as the change left it; null where there is none. */
  readonly companyId: string | null;
  /** The company that the row left, for `left`. */
  readonly oldCompanyId: string | null;
  /** The log does not carry the company, and a company's webhook would have wanted to know. */
  readonly isUndecidable: boolean;
}

export interface MatchInput {
  readonly operation: RowOperation;
  readonly record: Row | null;
  readonly old: Row | null;
  /** Where the company column stands; -1 when the table has none. */
  readonly companyIndex: number;
}

/** `old` is null where the log carries no old row, which under every identity means that the key did not change. */
export function match(
  { subscribers }: Route,
  { operation, record, old, companyIndex }: MatchInput,
): Decision {
  const { byCompany, forAllCompanies } = subscribers[operation];
  const matches: Match[] = [];
  for (const webhook of forAllCompanies.values()) matches.push({ webhook, view: 'whole' });
  if (companyIndex < 0) return { matches, companyId: null, oldCompanyId: null, isUndecidable: false };

  const company = (record ?? old)?.[companyIndex];
  if (company === undefined) {
    const isUndecidable = byCompany.size > 0 || (operation === 'UPDATE' && hasCompanies(subscribers));
    return { matches, companyId: null, oldCompanyId: null, isUndecidable };
  }
  // An old row that lacks the company leaves only the new one to go by.
  const carried = old?.[companyIndex];
  const oldCompany = carried === undefined ? company : carried;
  const decision = { companyId: company, oldCompanyId: oldCompany, isUndecidable: false };
  if (operation !== 'UPDATE' || company === oldCompany) {
    add(matches, byCompany, company, old !== null && carried === undefined ? 'new only' : 'whole');
  } else {
    add(matches, subscribers.DELETE.byCompany, oldCompany, 'left');
    add(matches, subscribers.INSERT.byCompany, company, 'joined');
  }
  return { matches, ...decision };
}

/** A TRUNCATE tells no rows, so it is told to everybody who asked, whichever companies had rows in the table. */
export function matchTruncate({ subscribers }: Route): readonly Webhook[] {
  const { byCompany, forAllCompanies } = subscribers.TRUNCATE;
  const companies = [...byCompany.values()];
  return [...forAllCompanies.values(), ...companies.flatMap((webhooks) => [...webhooks.values()])];
}

function add(
  matches: Match[],
  byCompany: ReadonlyMap<string, ReadonlyMap<bigint, Webhook>>,
  company: string | null,
  view: View,
): void {
  if (company === null) return;
  for (const webhook of byCompany.get(company)?.values() ?? []) matches.push({ webhook, view });
}

// An UPDATE may also be a row that leaves or joins a company.
function hasCompanies({ INSERT, DELETE }: Route['subscribers']): boolean {
  return INSERT.byCompany.size > 0 || DELETE.byCompany.size > 0;
}
