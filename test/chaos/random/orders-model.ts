/**
 * Which webhook must get which change, from nothing but what was committed: a set of keys for each webhook, one for each delivery.
 * A key is the operation as the webhook sees it with the record's version, and every change has a version of its own.
 */

export const companies = ['acme', 'bolt', 'cobalt', 'delta', 'ember'] as const;

export type Company = (typeof companies)[number];

export type Operation = 'INSERT' | 'UPDATE' | 'DELETE';

/** One row's change as it was committed. */
export type Change =
  | { readonly operation: 'INSERT'; readonly id: number; readonly company: Company; readonly version: number }
  | {
      readonly operation: 'UPDATE';
      readonly id: number;
      readonly company: Company;
      readonly version: number;
      readonly before: { readonly company: Company; readonly version: number };
    }
  /** `version`: of the row that is gone. */
  | {
      readonly operation: 'DELETE';
      readonly id: number;
      readonly company: Company;
      readonly version: number;
    };

export interface WebhookPlan {
  /** Its id and its path. */
  readonly name: string;
  readonly company: Company;
  readonly operations: readonly Operation[];
  /** Whether its connections go through the proxy that is cut and stalled. */
  readonly isProxied: boolean;
}

/** 20 webhooks of 5 companies, whose rows never change. */
export const webhookPlans: readonly WebhookPlan[] = companies.flatMap((company) => [
  { name: `${company}-all`, company, operations: ['INSERT', 'UPDATE', 'DELETE'], isProxied: false },
  { name: `${company}-slow`, company, operations: ['INSERT', 'DELETE'], isProxied: true },
  { name: `${company}-inserts`, company, operations: ['INSERT'], isProxied: true },
  { name: `${company}-updates`, company, operations: ['UPDATE'], isProxied: false },
]);

interface Seen {
  readonly company: Company;
  readonly operation: Operation;
  readonly version: number;
}

/** A row that moves to another company leaves the one and joins the other. */
function views(change: Change): Seen[] {
  const { operation, company, version } = change;
  if (operation !== 'UPDATE' || change.before.company === company) return [{ company, operation, version }];
  const { before } = change;
  return [
    { company: before.company, operation: 'DELETE', version: before.version },
    { company, operation: 'INSERT', version },
  ];
}

export function keyOf(operation: string, version: number): string {
  return `${operation} ${version}`;
}

export class OrdersModel {
  changes = 0;
  transactions = 0;
  readonly #expected = new Map<string, Set<string>>();
  readonly #ofCompany = new Map<Company, Set<string>>();

  constructor() {
    for (const { name } of webhookPlans) this.#expected.set(name, new Set());
    for (const company of companies) this.#ofCompany.set(company, new Set());
  }

  committed(changes: readonly Change[]): void {
    this.transactions += 1;
    this.changes += changes.length;
    for (const seen of changes.flatMap(views)) {
      const key = keyOf(seen.operation, seen.version);
      this.#ofCompany.get(seen.company)?.add(key);
      for (const { name, company, operations } of webhookPlans) {
        if (company === seen.company && operations.includes(seen.operation))
          this.#expected.get(name)?.add(key);
      }
    }
  }

  expected(webhook: string): ReadonlySet<string> {
    return this.#expected.get(webhook) ?? new Set();
  }

  /** Everything that any webhook of this company may get. */
  ofCompany(company: Company): ReadonlySet<string> {
    return this.#ofCompany.get(company) ?? new Set();
  }
}
