// /v1/webhooks: list, create, read, change, delete. A company's token is held to its company here, in words, and in the database.
import { z } from 'zod';
import type { ListedWebhook, NewWebhook } from '../database/webhooks.ts';
import type { Principal } from './access.ts';
import { companyOf, readCursor, readNumberCursor, toPage } from './page.ts';
import type { ApiParts } from './parts.ts';
import { Problem } from './problem.ts';
import { route, type Reply, type Route } from './route.ts';
import {
  newWebhook,
  nothing,
  pageOf,
  paging,
  testResult,
  webhookNow as webhookSchema,
  webhookChanges,
  webhookFilters,
  webhookId,
} from './schemas.ts';
import { SendPlaces } from './send-places.ts';
import {
  activityJson,
  changedColumns,
  newWebhookRow,
  testedOf,
  webhookJson,
  type NewWebhookJson,
} from './shapes.ts';

const tagged = { ETag: 'Its version, for If-Match' };

export function webhookRoutes(parts: ApiParts): Route[] {
  const places = new SendPlaces('test', 10);
  const show = (webhook: ListedWebhook): object => ({
    ...webhookJson(webhook),
    activity: activityJson(parts.activityOf(webhook)),
  });
  const showStored = (webhook: ListedWebhook): object => ({ ...webhookJson(webhook), activity: null });
  const shown = (webhook: ListedWebhook): Reply => ({
    status: 200,
    body: show(webhook),
    headers: { etag: `"${webhook.revision}"` },
  });
  return [
    route({
      method: 'GET',
      path: '/v1/webhooks',
      id: 'listWebhooks',
      summary:
        'Webhooks with their counters, in the order of their ids, or the ones first that need attention',
      query: z.strictObject({
        ...paging,
        ...webhookFilters,
        order: z.enum(['id', 'attention']).default('id'),
        activity: z.enum(['true', 'false']).default('false'),
      }),
      answers: { 200: { description: 'A page of them', schema: pageOf(webhookSchema) } },
      handle: async ({
        principal,
        query: { limit, cursor, company, health, order, activity, ...filter },
      }) => {
        const skip = order === 'attention' ? (readNumberCursor(cursor) ?? 0) : null;
        const place = skip === null ? { after: readCursor(cursor) } : { skip };
        const found = await parts.listWebhooks(
          companyOf(principal),
          { ...filter, companyId: company, health: typeof health === 'string' ? [health] : health },
          { limit: limit + 1, ...place },
        );
        const cursorOf = ({ id }: ListedWebhook): string => (skip === null ? id : String(skip + limit));
        const shownAs = activity === 'true' ? show : showStored;
        return { status: 200, body: toPage(found, { limit, cursorOf, show: shownAs }) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/webhooks',
      id: 'createWebhook',
      summary: 'Create a webhook',
      description:
        'It gets the changes that are committed after this answer. At least one of onInsert … onTruncate is true.',
      body: newWebhook,
      answers: {
        201: {
          description: 'It is stored',
          schema: webhookSchema,
          headers: { ...tagged, Location: 'Its path' },
        },
      },
      handle: async ({ principal, body }) => {
        const webhook = toRow(principal, body);
        await requireOpenTarget(parts, principal, webhook.url);
        const created = await parts.createWebhook(companyOf(principal), webhook);
        const { status, ...reply } = shown(created);
        const location = `/v1/webhooks/${encodeURIComponent(created.id)}`;
        return { ...reply, status: status + 1, headers: { ...reply.headers, location } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/webhooks/{id}',
      id: 'getWebhook',
      summary: 'One webhook with its counters',
      params: webhookId,
      answers: { 200: { description: 'The webhook', schema: webhookSchema, headers: tagged } },
      handle: async ({ principal, params: { id } }) =>
        shown(await parts.findWebhook(companyOf(principal), id)),
    }),
    route({
      method: 'PATCH',
      path: '/v1/webhooks/{id}',
      id: 'updateWebhook',
      summary: 'Change a webhook; what is not named stays',
      description:
        '`active: false` pauses it: what is committed meanwhile is counted as missed, and never sent.',
      isVersioned: true,
      params: webhookId,
      body: webhookChanges,
      answers: { 200: { description: 'As it is now', schema: webhookSchema, headers: tagged } },
      handle: async ({ principal, params: { id }, body, revision }) => {
        const changes = changedColumns(body);
        if (changes.url !== undefined) await requireOpenTarget(parts, principal, changes.url);
        return shown(await parts.updateWebhook(companyOf(principal), id, changes, revision));
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/webhooks/{id}',
      id: 'deleteWebhook',
      summary: 'Delete a webhook; what is queued for it is dropped, and stands among the losses',
      isVersioned: true,
      params: webhookId,
      answers: { 204: { description: 'It is gone' } },
      handle: async ({ principal, params: { id }, revision }) => {
        await parts.deleteWebhook(companyOf(principal), id, revision);
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/webhooks/{id}/test',
      id: 'testWebhook',
      isSending: true,
      summary: 'Send one POST to a webhook now, by the code that sends deliveries',
      description: `${aboutTests} Whether it is active does not matter.`,
      params: webhookId,
      body: nothing,
      answers: { 200: tested },
      handle: async ({ principal, params: { id } }) => {
        const company = companyOf(principal);
        const webhook = testedOf(await parts.findWebhook(company, id));
        return { status: 200, body: await places.use(company, () => parts.testSend(company, webhook)) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/webhooks/test',
      id: 'testUnsavedWebhook',
      isSending: true,
      summary: 'The same for one that is not saved yet',
      description: aboutTests,
      body: newWebhook,
      answers: { 200: tested },
      handle: async ({ principal, body }) => {
        const { table_name: table, company_id: companyId = null, url } = toRow(principal, body);
        await requireOpenTarget(parts, principal, url);
        const { onInsert = false, onUpdate = false, onDelete = false } = body;
        const webhook = { table, companyId, url, onInsert, onUpdate, onDelete };
        const company = companyOf(principal);
        return { status: 200, body: await places.use(company, () => parts.testSend(company, webhook)) };
      },
    }),
  ];
}

const aboutTests =
  'The receiver sees the header `rowhook-delivery: test`. The row is one that was sent not long ago, one of the table, or one made of its columns. ' +
  'A test is counted nowhere.';
const tested = { description: 'What came of it', schema: testResult };

function toRow(principal: Principal, body: NewWebhookJson): NewWebhook {
  const { companyId, allCompanies = false } = body;
  const own = principal.kind === 'company' ? principal.companyId : null;
  if (own !== null && (allCompanies || (companyId ?? own) !== own)) {
    throw new Problem(403, "A company's token makes webhooks for its own company only.");
  }
  const company = own ?? companyId ?? null;
  if ((company === null) !== allCompanies) {
    throw new Problem(422, 'Give either companyId or allCompanies: true: whose rows does it get?');
  }
  return newWebhookRow(body, company);
}

async function requireOpenTarget(parts: ApiParts, principal: Principal, url: string): Promise<void> {
  const refusal = await parts.refusalOf(url, principal.kind === 'operator');
  if (refusal === null) return;
  throw new Problem(422, `body.url: ${refusal}`, { fields: [{ at: 'body.url', problem: refusal }] });
}
