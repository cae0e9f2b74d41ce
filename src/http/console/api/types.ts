// The API's shapes by short names.
import type { operations } from './openapi.ts';

type Answers<Id extends keyof operations> = operations[Id]['responses'];
type Json<Answer> = Answer extends { content: { 'application/json': infer Value } } ? Value : never;
type Ok<Id extends keyof operations> = Answers<Id> extends { 200: infer Answer } ? Json<Answer> : never;
type Body<Id extends keyof operations> = operations[Id] extends {
  requestBody: { content: { 'application/json': infer Given } };
}
  ? Given
  : never;

export type Session = Ok<'getSession'>;
export type Overview = Ok<'getOverview'>;
export type Vitals = Ok<'getVitals'>;
export type Status = Ok<'getStatus'>;
export type Check = Status['checks'][number];
export type Webhook = Ok<'getWebhook'>;
export type NewWebhook = Body<'createWebhook'>;
export type WebhookChanges = Body<'updateWebhook'>;
export type TestResult = Ok<'testWebhook'>;
export type Table = Ok<'listTables'>['data'][number];
export type TableCheck = Ok<'inspectTable'>['data'][number];
export type Delivery = Ok<'listDeliveries'>['data'][number];
export type FoundDelivery = Ok<'getDelivery'>;
export type Resent = Ok<'resendDelivery'>;
export type ResendRange = Body<'resendMany'>;
export type Loss = Ok<'listLosses'>['data'][number];
export type Explanation = Ok<'why'>;
