// Wiring of what a term has to ask the database about tables and types before their changes can be printed.
import { castTexts, readKeyColumns, readTypes } from './database/relation-catalog.ts';
import type { Session } from './database/session.ts';
import { orderKeys } from './delivery/order-keys.ts';
import type { Logger } from './logger.ts';
import { buildPayload } from './payload/payload.ts';
import type { TypeEntry } from './payload/type-entry.ts';
import { castQuery, typesQuery } from './payload/types-query.ts';
import { Types } from './payload/types.ts';
import { PreparedRelations } from './prepared-relations.ts';

export interface RelationsOptions {
  readonly side: Session;
  /** For types and their casts: a cast's function is not ours, and must not hold up anything else. */
  readonly types: Session;
  readonly logger: Logger;
}

export interface Relations {
  readonly relations: PreparedRelations;
  readonly types: Types;
}

export function buildRelations({ side, types: session, logger }: RelationsOptions): Relations {
  const refused = new Set<number>();
  const types = new Types({
    read: async (oids) => await session.persist(() => readTypes<TypeEntry>(session, typesQuery, oids)),
    cast: async (type, texts) => {
      const onRefused = (error: Error): void => {
        if (!refused.has(type.oid)) logger.warn({ type: type.name }, castFails(type, error));
        refused.add(type.oid);
      };
      return await session.persist(() => castTexts({ session, query: castQuery(type), texts, onRefused }));
    },
    onPrintedAsText: (type, reason) => {
      logger.warn({ type: type.name }, reason === 'dropped' ? wasDropped(type) : isUntrusted(type));
    },
  });
  const relations = new PreparedRelations({
    keyColumns: async (oid) => await side.persist(() => readKeyColumns(side, oid)),
    encoder: async ({ columns }) => {
      const table = await types.load(columns);
      return {
        build: (request) => buildPayload({ ...request, shape: table.shape }),
        prepare: (rows, committedAt) => table.prepare(rows, committedAt),
      };
    },
    orderKeys,
  });
  return { relations, types };
}

function castFails({ name, jsonCast }: TypeEntry, error: Error): string {
  return (
    `${jsonCast?.functionName ?? 'the cast to json'} fails on a value of type ${name}, which goes out as Postgres' text: ` +
    `${error.message}. The function runs with the service's rights (USAGE on the schemas of type and function among them), ` +
    `read-only, with search_path = '' and for five seconds at most`
  );
}

function wasDropped({ name }: TypeEntry): string {
  return `the type ${name} was dropped before rows with it were read: its values go out as Postgres' text`;
}

function isUntrusted({ name, jsonCast }: TypeEntry): string {
  const owned = `alter function ${jsonCast?.functionName ?? ''}(${name}) owner to <a member of rowhook_dba>;`;
  return (
    `the cast of ${name} to json is not used, and its values go out as Postgres' text: whoever owns its function would run ` +
    `code with the service's rights. To use it: ${owned}`
  );
}
