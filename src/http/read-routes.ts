// What can be looked at beside webhooks and tables: the delivery log, what was lost, and how the service stands.
import { z } from 'zod';
import { companyOf, readNumberCursor, readTimeCursor, toPage } from './page.ts';
import type { ApiParts } from './parts.ts';
import { route, type Route } from './route.ts';
import {
  delivery,
  explanation,
  filters,
  loss,
  lossId,
  lossReason,
  maxPageOfBodies,
  moment,
  outcomes,
  pageOf,
  paging,
  record,
  recordKey,
  status,
  webhookId,
} from './schemas.ts';
import { deliveryJson, lossJson } from './shapes.ts';

export function readRoutes(parts: ApiParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/webhooks/{id}/deliveries',
      id: 'listDeliveries',
      summary: "A webhook's delivery log, newest first",
      params: webhookId,
      query: z.strictObject({
        ...paging,
        outcome: outcomes,
        key: recordKey,
        since: filters.since,
      }),
      answers: { 200: { description: 'A page of it', schema: pageOf(delivery) } },
      handle: async ({ principal, params: { id }, query: { limit, cursor, outcome, key, since } }) => {
        const company = companyOf(principal);
        const before = readTimeCursor(cursor);
        await parts.findWebhook(company, id);
        const found = await parts.listDeliveries(
          company,
          {
            webhook: id,
            key,
            outcomes: outcome?.split(','),
            ...(since !== undefined && { since: new Date(since) }),
            ...(before !== null && { before }),
            limit: limit + 1,
          },
          false,
        );
        return { status: 200, body: toPage(found, { limit, cursorOf: ({ at }) => at, show: deliveryJson }) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/deliveries',
      id: 'listAllDeliveries',
      summary: 'The delivery log of all webhooks, newest first',
      description: `With \`bodies=true\` each has what was sent and what was answered, and a page has ${maxPageOfBodies} at most.`,
      query: z.strictObject({
        ...paging,
        ...filters,
        outcome: outcomes,
        key: recordKey,
        before: moment.optional().meta({ description: 'Those that ended before this moment' }),
        bodies: z.enum(['true', 'false']).default('false'),
      }),
      answers: { 200: { description: 'A page of it', schema: pageOf(delivery) } },
      handle: async ({ principal, query: { cursor, outcome, since, before, bodies, ...rest } }) => {
        const wantsBodies = bodies === 'true';
        const limit = wantsBodies ? Math.min(rest.limit, maxPageOfBodies) : rest.limit;
        const filter = {
          ...rest,
          outcomes: outcome?.split(','),
          since: since === undefined ? undefined : new Date(since),
          before: readTimeCursor(cursor) ?? before,
          limit: limit + 1,
        };
        const found = await parts.listDeliveries(companyOf(principal), filter, wantsBodies);
        return { status: 200, body: toPage(found, { limit, cursorOf: ({ at }) => at, show: deliveryJson }) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/why',
      id: 'why',
      summary: "What became of a record's recent changes, for each webhook of its table",
      query: record,
      answers: { 200: { description: 'Newest first', schema: explanation } },
      handle: async ({ principal, query }) => ({
        status: 200,
        body: await parts.why(companyOf(principal), query),
      }),
    }),
    route({
      method: 'GET',
      path: '/v1/losses',
      id: 'listLosses',
      summary: 'What was never delivered, and why, newest first',
      query: z.strictObject({
        ...paging,
        ...filters,
        id: lossId,
        reason: lossReason,
      }),
      answers: { 200: { description: 'A page of them', schema: pageOf(loss) } },
      handle: async ({ principal, query: { limit, cursor, since, ...filter } }) => {
        const found = await parts.listLosses(companyOf(principal), {
          ...filter,
          ...(since !== undefined && { since: new Date(since) }),
          before: readNumberCursor(cursor),
          limit: limit + 1,
        });
        const page = toPage(found, { limit, cursorOf: ({ id }) => String(id), show: lossJson });
        return { status: 200, body: page };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/status',
      id: 'getStatus',
      summary: 'Everything that must hold, as `rowhook status --json` prints it',
      isOperatorsOnly: true,
      answers: {
        200: {
          description: 'Also when a check fails: `ok` says so',
          schema: status,
        },
      },
      handle: async () => ({ status: 200, body: await parts.status() }),
    }),
  ];
}
