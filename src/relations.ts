// Wiring of what a term has to ask the database about tables and types before their changes can be printed.
import { setTimeout as pause } from 'node:timers/promises';
import { castTexts, readKeyColumns, readTypes } from './database/relation-catalog.ts';
import type { Session } from './database/session.ts';
import { orderKeys } from './delivery/order-keys.ts';
import type { Logger } from './logger.ts';
import { TableEncoder } from './payload/table-encoder.ts';
import { buildWithinLimit } from './payload/too-large.ts';
import type { TypeEntry } from './payload/type-entry.ts';
import { castQuery, typesQuery } from './payload/types-query.ts';
import { Types, type PrintedAsText } from './payload/types.ts';
import { PreparedRelations } from './prepared-relations.ts';

export interface RelationsOptions {
  readonly side: Session;
  /** Of its own: a cast's function is not ours. It holds up the reader, but nothing else. */
  readonly casts: Session;
  readonly slot: string;
  readonly logger: Logger;
}

export interface Relations {
  readonly relations: PreparedRelations;
  readonly types: Types;
}

/** For all values of a type in one row. The session's statement_timeout is the same. */
const castLimitMs = 5_000;
/** A value whose cast breaks the connection so often is not tried again for a while. */
const castAttempts = 2;

export function buildRelations({ side, casts, slot, logger }: RelationsOptions): Relations {
  const told = new Set<string>();
  const tellOnce = (type: TypeEntry, error: Error): void => {
    const key = `${type.oid} ${error.message}`;
    if (!told.has(key)) logger.warn({ type: type.name }, castFails(type, error));
    told.add(key);
  };
  const types = new Types({
    read: async (typeOids) =>
      await side.persist(() => readTypes<TypeEntry>({ session: side, query: typesQuery, typeOids, slot })),
    cast: async (type, texts) => {
      const onRefused = (error: Error): void => {
        tellOnce(type, error);
      };
      const query = castQuery(type);
      for (let attempt = 1; ; attempt++) {
        try {
          return await castTexts({ session: casts, query, texts, limitMs: castLimitMs, onRefused });
        } catch {
          // Not before Postgres is there: what breaks the connection then is the cast.
          await side.persist(() => side.query({ text: 'select' }));
          if (attempt === castAttempts) return null;
        }
      }
    },
    onPrintedAsText: (type, reason) => {
      logger.warn({ type: type.name }, whyText(type, reason));
    },
    now: () => performance.now(),
    pause: async (ms) => {
      await pause(ms);
    },
  });
  const relations = new PreparedRelations({
    keyColumns: async (oid) => await side.persist(() => readKeyColumns(side, oid)),
    encoder: async ({ columns }, xid) => {
      const table = await TableEncoder.load(columns, types, xid);
      return {
        build: (request) => buildWithinLimit({ ...request, shape: table.shape }),
        prepare: (change) => table.prepare(change),
      };
    },
    orderKeys,
  });
  return { relations, types };
}

function castFails({ name, jsonCast }: TypeEntry, error: Error): string {
  return (
    `${jsonCast?.functionName ?? 'the cast to json'} fails on a value of type ${name}, which goes out as Postgres' text: ` +
    `${error.message}. rowhook_service needs USAGE on the schemas of type and function; the function runs with the service's ` +
    `rights, read-only and with search_path = ''`
  );
}

function whyText({ name, jsonCast }: TypeEntry, reason: PrintedAsText): string {
  if (reason === 'dropped') {
    return `the type ${name} was dropped before rows with it were read: its values go out as Postgres' text`;
  }
  if (reason === 'slow cast') {
    return (
      `${jsonCast?.functionName ?? 'the cast to json'} takes more than ${castLimitMs / 1000} s for the values of type ${name} in one row, or breaks the connection, and ` +
      `every webhook waits for it: for a minute they go out as Postgres' text`
    );
  }
  return (
    `the cast of ${name} to json is not used, and its values go out as Postgres' text: somebody who is neither a superuser ` +
    `nor a member of rowhook_dba could make it run code with the service's rights. To use it, read its function and what that calls, and ` +
    `as a superuser: ${(jsonCast?.remedies ?? []).join(' ')}`
  );
}
