// /v1/deliveries: one row of the delivery log with all that is known of it, and sending again what the log has.
import { z } from 'zod';
import { companyOf, readStretchCursor, stretchCursor } from './page.ts';
import type { ApiParts, ResendAnswer, ResendRequest } from './parts.ts';
import { route, type Route } from './route.ts';
import {
  deliveryParams,
  foundDelivery,
  nothing,
  resendPaging,
  resendRange,
  resent,
  resentPage,
  webhookId,
} from './schemas.ts';
import { SendPlaces } from './send-places.ts';
import { foundDeliveryJson } from './shapes.ts';

export function deliveryRoutes(parts: ApiParts): Route[] {
  const places = new SendPlaces('resend', 25);
  return [
    route({
      method: 'GET',
      path: '/v1/deliveries/{id}',
      id: 'getDelivery',
      summary: 'One delivery of the log: what was sent, what was answered, and what was sent again of it',
      params: deliveryParams,
      answers: { 200: { description: 'The delivery', schema: foundDelivery } },
      handle: async ({ principal, params: { id } }) => ({
        status: 200,
        body: foundDeliveryJson(await parts.findDelivery(companyOf(principal), id)),
      }),
    }),
    route({
      method: 'POST',
      path: '/v1/deliveries/{id}/resend',
      id: 'resendDelivery',
      isSending: true,
      summary: 'Send a delivery of the log again, once',
      description: aboutResends,
      params: deliveryParams,
      body: nothing,
      answers: { 200: { description: 'What came of it', schema: resent } },
      handle: async ({ principal, params: { id } }) => {
        const company = companyOf(principal);
        return { status: 200, body: await places.use(company, () => parts.resend(company, id)) };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/webhooks/{id}/resend',
      id: 'resendMany',
      isSending: true,
      summary: "Send a stretch of a webhook's log again, or what a loss names, a page at a time",
      description:
        `${aboutResends} Oldest first, of a record one after the other; what was sent again already and arrived, or may have, is left out, unless ` +
        'delivered is among the outcomes. A page takes 25 seconds at most: the next one goes on where it ended. Nothing more is sent once the caller ' +
        'goes away. For a loss, the record as it is now is sent where the log does not have the body. A ' +
        'dry run answers with the cursor with which what it counted is sent, and nothing that failed since.',
      params: webhookId,
      query: z.strictObject(resendPaging),
      body: resendRange,
      answers: { 200: { description: 'What came of each of the page', schema: resentPage } },
      handle: async ({ principal, params: { id }, query: { limit, cursor }, body, signal }) => {
        const company = companyOf(principal);
        const place = readStretchCursor(cursor);
        const until = place?.until ?? new Date(body.until ?? Date.now()).toISOString().replace('Z', '000Z');
        const request = {
          webhook: id,
          wanted: wantedOf(body, until),
          page: { after: place?.after ?? null, limit, signal },
          isDry: body.dryRun === true,
        };
        const answer = (): Promise<ResendAnswer> => parts.resendMany(company, request);
        const { hasMore, last, ...page } = request.isDry ? await answer() : await places.use(company, answer);
        return {
          status: 200,
          body: { ...page, nextCursor: hasMore ? stretchCursor(last, until) : null },
        };
      },
    }),
  ];
}

function wantedOf(
  { since, outcomes, reason, loss }: z.output<typeof resendRange>,
  until: string,
): ResendRequest['wanted'] {
  if (loss !== undefined) return { loss };
  return { since: since ?? until, until, outcomes, reason };
}

const aboutResends =
  "The same body to the webhook's present URL, by the code that sends deliveries; the receiver sees the header `rowhook-delivery: resend`. " +
  'It has a row of its own in the log, is never repeated by itself, and changes no counter. The webhook must be active.';
