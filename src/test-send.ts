// A test: one POST to a webhook that is saved or not, by the very code that sends deliveries, with a row as real as there is. It is marked by a
// header, claimed by nobody, counted nowhere, and not in the delivery log.
import type { Database } from './database/open-database.ts';
import { readLoggedPayload, readSample, type Sample } from './database/sample.ts';
import type { Poster } from './delivery/post.ts';
import { describeOutcome } from './delivery/outcome.ts';
import { ExitError } from './exit-error.ts';
import type { Tested } from './http/parts.ts';

export interface TestResult {
  readonly isDelivered: boolean;
  /** `delivered 200`, `rejected 503 …`, `timeout …`. */
  readonly outcome: string;
  readonly status: number | null;
  /** Milliseconds; null: there was none of that phase. */
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
  /** The beginning of the answer; null: none, or of a target that is not on the public internet. */
  readonly answer: string | null;
  readonly sentBody: string;
  /** Where the row in it comes from: `columns` is one made up. */
  readonly sample: Sample['from'];
}

const timeoutMs = 10_000;

export interface TestPayload {
  readonly body: string;
  readonly sample: Sample['from'];
}

/** @throws {ExitError} for a table that is not registered, or not there any more. */
export async function testPayload(db: Database, webhook: Tested): Promise<TestPayload> {
  const types = typesOf(webhook);
  const logged = types.length === 0 ? null : await readLoggedPayload(db, webhook, types);
  if (logged !== null) return { body: logged, sample: 'delivery log' };
  const sample = await readSample(db, webhook);
  if (sample !== null) return { body: payload(webhook, sample.record), sample: sample.from };
  throw new ExitError(`there is no table "${webhook.table}"`, {
    exitCode: 1,
    remedy: 'See: rowhook status',
    refusal: 'refused',
  });
}

export async function postTest(
  poster: Pick<Poster, 'post'>,
  url: string,
  { body, sample }: TestPayload,
): Promise<TestResult> {
  const result = await poster.post({ url, body, timeoutMs, mark: 'test', mayWrite: () => true });
  if (result.kind !== 'finished') throw new Error('a test may always be written');
  const { outcome, trace } = result;
  const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs, answer } = trace;
  return {
    isDelivered: outcome.kind === 'delivered',
    outcome: describeOutcome(outcome),
    status: 'status' in outcome ? outcome.status : null,
    ...{ dnsMs, connectMs, tlsMs, firstByteMs, totalMs },
    answer: answer?.toString('utf8') ?? null,
    sentBody: body,
    sample,
  };
}

function typesOf({ onInsert, onUpdate, onDelete }: Tested): string[] {
  return [...(onInsert ? ['INSERT'] : []), ...(onUpdate ? ['UPDATE'] : []), ...(onDelete ? ['DELETE'] : [])];
}

function payload(webhook: Tested, record: string): string {
  const { table, companyId } = webhook;
  const [type = 'TRUNCATE'] = typesOf(webhook);
  const [company, row] = type === 'TRUNCATE' ? ['null', 'null'] : [JSON.stringify(companyId), record];
  const old = type === 'UPDATE' || type === 'DELETE' ? `,"old":${record}` : '';
  return `{"type":"${type}","table":${JSON.stringify(table)},"companyId":${company},"record":${row}${old}}`;
}
