// /v1/tables: which may be watched, for everybody; where they lie and what `rowhook inspect` says of them, for the operator.
import { z } from 'zod';
import type { SubscribableTable } from '../database/tables.ts';
import type { Principal } from './access.ts';
import { companyOf } from './page.ts';
import type { ApiParts } from './parts.ts';
import { route, type Route } from './route.ts';
import { table as tableSchema, tableCheck, tableName } from './schemas.ts';

export function tableRoutes(parts: ApiParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/tables',
      id: 'listTables',
      summary: 'The tables that webhooks may watch',
      answers: {
        200: { description: 'All of them', schema: z.object({ data: z.array(tableSchema) }) },
      },
      handle: async ({ principal }) => {
        const tables = await parts.listTables(companyOf(principal));
        return { status: 200, body: { data: tables.map((each) => tableJson(each, principal)) } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tables/{name}/checks',
      id: 'inspectTable',
      summary: 'What watching a table needs and costs, as `rowhook inspect` says it, beside who owns it',
      isOperatorsOnly: true,
      params: tableName,
      answers: { 200: { description: 'A row per check', schema: z.object({ data: z.array(tableCheck) }) } },
      handle: async ({ params: { name } }) => ({
        status: 200,
        body: { data: await parts.inspectTable(name) },
      }),
    }),
  ];
}

function tableJson(table: SubscribableTable, { kind }: Principal): object {
  const { name, module, label, enabled } = table;
  if (kind !== 'operator') return { name, module, label, enabled };
  return {
    name,
    module,
    label,
    enabled,
    relation: `${table.schema_name}.${table.relation_name}`,
    companyColumn: table.company_column,
    replicaIdentity: table.replica_identity,
    logsBodies: table.log_bodies,
  };
}
