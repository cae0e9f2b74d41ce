/**
 * The balance at the end: what was committed, what the endpoint wrote down, and what the books say, for each webhook. Whatever does not
 * follow from the ledger is a finding.
 */
import type { InstalledDatabase } from '../../support/installed-database.ts';
import { isRejected, readLog, type LoggedRequest } from './endpoint-log.ts';
import { keyOf, webhookPlans, type OrdersModel } from './orders-model.ts';
import { RecordOrder, type Lead } from './record-order.ts';
import type { RestlessWebhook } from './restless-webhooks.ts';

export interface Balance {
  readonly expected: number;
  readonly once: number;
  readonly twice: number;
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
  /** Answered, and not with 2xx. */
  readonly rejected: number;
  readonly missed: number;
  /** Of the ledger, by reason. */
  readonly losses: Readonly<Record<string, number>>;
  /** Never arrived; each is one of the losses. */
  readonly absent: number;
  readonly undecidable: number;
  readonly wentBack: number;
  /** What no rule explains, in words. */
  readonly findings: readonly string[];
}

export interface AuditInput {
  readonly database: InstalledDatabase;
  readonly logFile: string;
  readonly model: OrdersModel;
  readonly restless: readonly RestlessWebhook[];
  readonly leads: readonly Lead[];
}

export interface Books {
  readonly uid: string;
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
  readonly missed: number;
  readonly losses: Readonly<Record<string, number>>;
}

interface Arrivals {
  readonly counts: Map<string, number>;
  requests: number;
  rejected: number;
}

export async function audit({ database, logFile, model, restless, leads }: AuditInput): Promise<Balance> {
  const arrivals = new Map<string, Arrivals>();
  const order = new RecordOrder(leads);
  for await (const request of readLog(logFile)) {
    add(arrivals, request);
    order.add(request);
  }
  const books = await readBooks(database);
  const findings = [...order.findings];
  const total = { expected: 0, once: 0, twice: 0, rejected: 0, absent: 0 };
  for (const { name } of webhookPlans) {
    const arrived = arrivals.get(name) ?? noArrivals();
    const found = balanceOf(name, model.expected(name), arrived, books.byId.get(name));
    for (const key of ['expected', 'once', 'twice', 'rejected', 'absent'] as const) total[key] += found[key];
    findings.push(...found.findings);
  }
  for (const webhook of restless) findings.push(...restlessFindings(webhook, arrivals, books, model));
  for (const path of arrivals.keys()) {
    const isKnown = webhookPlans.some(({ name }) => name === path) || path.includes('-restless-');
    if (!isKnown) findings.push(`requests to /${path}, which is no webhook's`);
  }
  const sum = (name: 'claimed' | 'success' | 'error' | 'missed'): number =>
    [...books.byUid.values()].reduce((all, each) => all + each[name], 0);
  return {
    ...total,
    claimed: sum('claimed'),
    success: sum('success'),
    error: sum('error'),
    missed: sum('missed'),
    losses: books.losses,
    undecidable: books.losses['undecidable'] ?? 0,
    wentBack: order.wentBack,
    findings,
  };
}

function noArrivals(): Arrivals {
  return { counts: new Map(), requests: 0, rejected: 0 };
}

function add(arrivals: Map<string, Arrivals>, { webhook, operation, version }: LoggedRequest): void {
  const arrived = arrivals.get(webhook) ?? noArrivals();
  arrivals.set(webhook, arrived);
  const key = keyOf(operation, version);
  arrived.counts.set(key, (arrived.counts.get(key) ?? 0) + 1);
  arrived.requests += 1;
  if (isRejected(version)) arrived.rejected += 1;
}

function repeatedFindings(name: string, { counts }: Arrivals): string[] {
  const repeated = [...counts].filter(([, count]) => count > 1);
  return repeated.map(([key, count]) => `${name}: ${key} arrived ${count} times`);
}

type Found = Pick<Balance, 'expected' | 'once' | 'twice' | 'rejected' | 'absent' | 'findings'>;

function balanceOf(
  name: string,
  expected: ReadonlySet<string>,
  arrived: Arrivals,
  books: Books | undefined,
): Found {
  const { claimed = 0, success = 0, error = 0, missed = 0, losses = {} } = books ?? {};
  const repeated = repeatedFindings(name, arrived);
  const findings = [...repeated];
  const foreign = [...arrived.counts.keys()].filter((key) => !expected.has(key));
  for (const key of foreign.slice(0, 5))
    findings.push(`${name}: ${key} arrived, and was not committed for it`);
  const once = [...arrived.counts].filter(([key, count]) => count === 1 && expected.has(key)).length;
  const absent = expected.size - (arrived.counts.size - foreign.length);
  const lost = Object.values(losses).reduce((sum, count) => sum + count, 0);
  const rejected = error - lost;
  const rules: readonly [boolean, string][] = [
    [
      claimed + missed === expected.size,
      `committed ${expected.size}, but claimed ${claimed} and missed ${missed}`,
    ],
    [missed === 0, `missed ${missed}, but was never paused`],
    [claimed === success + error, `claimed ${claimed} is not success ${success} + error ${error}`],
    [rejected >= 0 && rejected <= arrived.rejected, `error ${error}, of which the ledger explains ${lost}`],
    [
      arrived.requests >= success + rejected,
      `success ${success} and rejected ${rejected}, but received ${arrived.requests}`,
    ],
    [arrived.requests <= claimed, `claimed ${claimed}, but received ${arrived.requests}`],
    [absent <= lost, `${absent} never arrived, of which the ledger explains ${lost}`],
  ];
  for (const [holds, words] of rules) if (!holds) findings.push(`${name}: ${words}`);
  return {
    expected: expected.size,
    once,
    twice: repeated.length,
    rejected: Math.max(0, rejected),
    absent,
    findings,
  };
}

function restlessFindings(
  { incarnations }: RestlessWebhook,
  arrivals: ReadonlyMap<string, Arrivals>,
  { byUid }: { byUid: ReadonlyMap<string, Books> },
  model: OrdersModel,
): string[] {
  return incarnations.flatMap(({ uid, path, company }) => {
    const arrived = arrivals.get(path) ?? noArrivals();
    const { claimed = 0, success = 0, error = 0 } = byUid.get(uid) ?? {};
    const findings = repeatedFindings(path, arrived);
    const mayGet = model.ofCompany(company);
    const foreign = [...arrived.counts.keys()].find((key) => !mayGet.has(key));
    if (foreign !== undefined) findings.push(`${path}: ${foreign} arrived, and is not its company's`);
    if (claimed !== success + error)
      findings.push(`${path}: claimed ${claimed} is not ${success} + ${error}`);
    if (arrived.requests < success || arrived.requests > claimed) {
      findings.push(`${path}: received ${arrived.requests}, success ${success}, claimed ${claimed}`);
    }
    return findings;
  });
}

export interface AllBooks {
  readonly byUid: ReadonlyMap<string, Books>;
  /** Of webhooks that are there. */
  readonly byId: ReadonlyMap<string, Books>;
  readonly losses: Readonly<Record<string, number>>;
}

export async function readBooks({ admin }: InstalledDatabase): Promise<AllBooks> {
  const rows = await admin.query<{ uid: string; reason: string; count: string | null }>(
    `select uid, reason, sum(count) as count from rowhook.loss group by 1, 2`,
  );
  const counters = await admin.query(
    `select c.uid, w.id, claimed_count, success_count, error_count, missed_count
     from rowhook.counter c left join rowhook.webhook w on w.uid = c.uid`,
  );
  const byUid = new Map<string, Books>();
  const byId = new Map<string, Books>();
  const losses: Record<string, number> = {};
  for (const { reason, count } of rows) losses[reason] = (losses[reason] ?? 0) + Number(count);
  for (const { uid, id, ...counts } of counters) {
    const own = rows
      .filter((row) => row.uid === uid)
      .map(({ reason, count }) => [reason, Number(count)] as const);
    const books: Books = {
      uid: uid ?? '',
      claimed: Number(counts['claimed_count']),
      success: Number(counts['success_count']),
      error: Number(counts['error_count']),
      missed: Number(counts['missed_count']),
      losses: Object.fromEntries(own),
    };
    byUid.set(books.uid, books);
    if (id !== null && id !== undefined) byId.set(id, books);
  }
  return { byUid, byId, losses };
}
