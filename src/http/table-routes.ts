// /v1/tables: which may be watched and how often they change, for everybody; where they lie and what `rowhook inspect` says of them, for the
// operator.
import { z } from 'zod';
import type { SubscribableTable } from '../database/tables.ts';
import type { Principal } from './access.ts';
import { companyOf } from './page.ts';
import type { ApiParts } from './parts.ts';
import { Problem } from './problem.ts';
import { route, type Route } from './route.ts';
import { filters, table as tableSchema, tableActivity, tableCheck, tableName } from './schemas.ts';
import { tableActivityJson } from './shapes.ts';

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
      path: '/v1/tables/{name}/activity',
      id: 'getTableActivity',
      summary: 'How often a table changed in the last hour: what a webhook of it would have been told of',
      description:
        'Each operation as a webhook of the company sees it: a row that moves to another company is a delete for one and an insert for the other. ' +
        'Without `company` the rows of all, as a webhook for all companies sees them. By the time of the commit; kept in memory. ' +
        "A company's token is told of the operations that a webhook of its own asks for, active or paused; of the others it gets null, whoever else watches the table.",
      params: tableName,
      query: z.strictObject({
        company: filters.company.meta({
          description: "Of this company's rows; a company's token stands for its own",
        }),
      }),
      answers: { 200: { description: 'As far as it is known', schema: tableActivity } },
      handle: async ({ principal, params: { name }, query: { company } }) => {
        const own = companyOf(principal);
        if (own !== null && (company ?? own) !== own)
          throw new Problem(403, "A company's token is told of its own company only: leave company out.");
        const tables = await parts.listTables(own);
        if (!tables.some((each) => each.name === name))
          throw new Problem(404, `No table is registered under the name "${name}".`);
        const hour = await parts.tableActivity(own, name, company ?? null);
        return { status: 200, body: tableActivityJson(hour) };
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
