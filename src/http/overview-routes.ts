// What a page asks first: whose token it is, how the webhooks are, and, for the operator, how the service itself does.
import { companyOf } from './page.ts';
import type { ApiParts } from './parts.ts';
import { route, type Route } from './route.ts';
import { overview, session, vitals } from './overview-schemas.ts';

export interface OverviewOptions {
  readonly version: string;
  readonly isDemo: boolean;
}

export function overviewRoutes(parts: ApiParts, { version, isDemo }: OverviewOptions): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/session',
      id: 'getSession',
      summary: 'Whose token this is, and which release answers',
      answers: { 200: { description: 'The token opens this', schema: session } },
      handle: async ({ principal }) => ({
        status: 200,
        body: { kind: principal.kind, companyId: companyOf(principal), version, isDemo },
      }),
    }),
    route({
      method: 'GET',
      path: '/v1/overview',
      id: 'getOverview',
      summary: 'How many webhooks are in which health, and what was lost within the hour',
      answers: { 200: { description: 'Of those that the token sees', schema: overview } },
      handle: async ({ principal }) => ({ status: 200, body: await parts.overview(companyOf(principal)) }),
    }),
    route({
      method: 'GET',
      path: '/v1/vitals',
      id: 'getVitals',
      summary: 'Lag, rates and the slot, now and over the last hour, of the process that answers',
      isOperatorsOnly: true,
      answers: { 200: { description: 'Kept in memory: a restart begins anew', schema: vitals } },
      handle: async () => ({ status: 200, body: await parts.vitals() }),
    }),
  ];
}
