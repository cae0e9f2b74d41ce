// /v1/deliveries: one row of the delivery log with all that is known of it, and sending again what the log has.
import { companyOf } from './page.ts';
import type { ApiParts } from './parts.ts';
import { route, type Route } from './route.ts';
import { deliveryParams, foundDelivery, nothing, resent } from './schemas.ts';
import { SendPlaces } from './send-places.ts';
import { foundDeliveryJson } from './shapes.ts';

export function deliveryRoutes(parts: ApiParts): Route[] {
  const places = new SendPlaces('resend', 10);
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
  ];
}

const aboutResends =
  "The same body to the webhook's present URL, by the code that sends deliveries; the receiver sees the header `rowhook-delivery: resend`. " +
  'It has a row of its own in the log, is never repeated by itself, and changes no counter. The webhook must be active.';
