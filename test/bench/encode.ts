// From the log's bytes to the payload's text: ours against the parser of pg-logical-replication with JSON.stringify, on the
// same messages. Both sides end with the text's length in bytes, which the service needs too, so that neither leaves work undone.
import { PgoutputPlugin, type Pgoutput } from 'pg-logical-replication';
import { buildPayload, compileShape, fillUnchanged, type RowShape } from '../../src/payload/payload.ts';
import type { TypeCatalog } from '../../src/payload/type-catalog.ts';
import {
  readRelation,
  readRelationOid,
  readRow,
  tag,
  type RelationMessage,
} from '../../src/replication/pgoutput.ts';
import { recordErpLog, type ErpLog } from './erp-log.ts';
import type { Figure, Measurement } from './figure.ts';
import { interleave } from './rounds.ts';

const transactions = 2_000;
const warmUp = 3;
/** A side's turn in a round: long enough that the clock and a garbage collection do not matter. */
const passesPerTurn = 5;
const companyColumn = 'companyId';

interface Side {
  /** The payload of a change; null for any other message. */
  take(message: Buffer): string | null;
}

export const encode: Figure = {
  name: 'encode',
  title: 'pgoutput bytes of a change of the sample ERP to its payload as JSON text',
  async measure({ postgresUrl, rounds }): Promise<Measurement> {
    const log = await recordErpLog(postgresUrl, transactions);
    const totals = check(log);
    const baseline = library();
    const ours = rowhook(log.types);
    const turn = (side: Side) => (): number => microsecondsPerChange(side, log, totals.changes);
    return {
      unit: 'µs per change',
      baseline: "the library's parser + JSON.stringify",
      ours: 'rowhook',
      rounds: await interleave({ baseline: turn(baseline), ours: turn(ours) }, { warmUp, rounds }),
      ratio: { meaning: 'times less time', of: 'baseline ÷ ours', budget: { atLeast: 4 } },
      facts: totals.facts,
    };
  },
};

function rowhook(types: TypeCatalog): Side {
  const relations = new Map<number, { relation: RelationMessage; shape: RowShape; companyIndex: number }>();
  return {
    take(message) {
      const type = operations.get(message[0] ?? 0);
      if (type === undefined) {
        if (message[0] !== tag.relation) return null;
        const relation = readRelation(message);
        const companyIndex = relation.columns.findIndex(({ name }) => name === companyColumn);
        relations.set(relation.oid, { relation, shape: compileShape(relation.columns, types), companyIndex });
        return null;
      }
      const known = relations.get(readRelationOid(message));
      if (known === undefined) throw new Error('a change of a table that the log has not described');
      const { relation, shape, companyIndex } = known;
      const row = readRow(message, relation);
      const { old } = row;
      const record = row.record === null ? old : old === null ? row.record : fillUnchanged(row.record, old);
      if (record === null) throw new Error('a change without a row');
      return buildPayload({
        type,
        table: relation.name,
        companyId: record[companyIndex] ?? null,
        shape,
        record,
        old: type === 'INSERT' ? undefined : old,
        isPartial: row.isOldPartial,
      });
    },
  };
}

const operations = new Map<number, 'INSERT' | 'UPDATE' | 'DELETE'>([
  [tag.insert, 'INSERT'],
  [tag.update, 'UPDATE'],
  [tag.delete, 'DELETE'],
]);

function library(): Side {
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: ['rowhook'] });
  return { take: (message) => libraryPayload(plugin.parse(message)) };
}

function libraryPayload(message: Pgoutput.Message): string | null {
  if (message.tag !== 'insert' && message.tag !== 'update' && message.tag !== 'delete') return null;
  const old = message.tag === 'insert' ? undefined : message.old;
  const record: Record<string, unknown> | null = message.tag === 'delete' ? message.old : message.new;
  return JSON.stringify({
    type: message.tag.toUpperCase(),
    table: message.relation.name,
    companyId: record?.[companyColumn],
    record,
    old,
  });
}

function microsecondsPerChange(side: Side, { messages }: ErpLog, changes: number): number {
  let payloads = 0;
  let bytes = 0;
  const startedAt = performance.now();
  for (let pass = 0; pass < passesPerTurn; pass++) {
    for (const message of messages) {
      const text = side.take(message);
      if (text === null) continue;
      payloads += 1;
      bytes += Buffer.byteLength(text);
    }
  }
  const tookMs = performance.now() - startedAt;
  if (payloads !== changes * passesPerTurn || bytes === 0) throw new Error('a side has left changes out');
  return (tookMs * 1000) / payloads;
}

interface Totals {
  readonly changes: number;
  readonly facts: Readonly<Record<string, string>>;
}

/** Both sides make a payload of every change, and of the same change: so the times are those of the same work. */
function check({ messages, types }: ErpLog): Totals {
  const [ours, baseline] = [rowhook(types), library()];
  const counts: Record<string, number> = { INSERT: 0, UPDATE: 0, DELETE: 0 };
  let bytes = 0;
  let baselineBytes = 0;
  for (const message of messages) {
    const text = ours.take(message);
    const other = baseline.take(message);
    if (text === null && other === null) continue;
    if (text === null || other === null) throw new Error('only one side made a payload of a change');
    const type = compare(text, other);
    counts[type] = (counts[type] ?? 0) + 1;
    bytes += Buffer.byteLength(text);
    baselineBytes += Buffer.byteLength(other);
  }
  const changes = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const [type, count] of Object.entries(counts))
    if (count === 0) throw new Error(`the log has no ${type}`);
  const perChange = (total: number): string => `${Math.round(total / changes)} bytes per change`;
  return {
    changes,
    facts: {
      changes: Object.entries(counts)
        .map(([type, count]) => `${count} ${type}`)
        .join(', '),
      payload: `${perChange(bytes)}, the library's ${perChange(baselineBytes)}`,
    },
  };
}

/** The type of the change, after comparing what both formats print alike: whose row it is, and which columns it has. */
function compare(text: string, other: string): string {
  const outlines = [text, other].map((json) => {
    const { type, table, companyId, record, old } = JSON.parse(json) as Record<string, unknown>;
    return { type, table, companyId, record: Object.keys(record ?? {}), old: Object.keys(old ?? {}) };
  });
  const [ours, theirs] = outlines.map((outline) => JSON.stringify(outline));
  if (ours !== theirs) throw new Error(`the sides differ:\n${ours}\n${theirs}`);
  return String(outlines[0]?.type);
}
