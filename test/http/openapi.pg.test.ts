import { Validator } from '@seriousme/openapi-schema-validator';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiHere, type Answered, type ApiHere } from './api-here.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: { readonly properties: object } }>;
  };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}

type SpecData = Parameters<Validator['validate']>[0];
type Made<A> = A extends Arbitrary<infer T> ? T : never;

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: object };
}

// 20 000 before a release: ROWHOOK_TEST_FUZZ=20000.
const requests = Number(process.env['ROWHOOK_TEST_FUZZ'] ?? 400);

let api: ApiHere;
let document: Document;

beforeAll(async () => {
  api = await startApiHere({ allowTargets: '127.0.0.1' });
  await api.database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item');
    select rowhook.make_delivery_partition((now() at time zone 'UTC')::date);
  `);
  const answer = await api.ask('GET', '/openapi.json', { token: null });
  document = answer.body as unknown as Document;
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

function operations(): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

const ajv = formats.default(new Ajv2020({ strict: false }));
const validators = new Map<object, ValidateFunction>();

// Making one takes much longer than using it.
function validatorOf(schema: object): ValidateFunction {
  const known = validators.get(schema) ?? ajv.compile({ ...schema, components: document.components });
  validators.set(schema, known);
  return known;
}

/** What breaks the document's promise of an answer; null: nothing. */
function breach(operation: Operation, { status, headers, text, body }: Answered): string | null {
  const described = operation.responses[String(status)] ?? operation.responses['default'];
  const content = described?.content;
  if (content === undefined) return text === '' ? null : `${status} has a body that nobody announced`;
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  const schema = content[type]?.schema;
  if (schema === undefined) return `${status} is ${type}, not ${Object.keys(content).join(', ')}`;
  const validate = validatorOf(schema);
  return validate(/json/.test(type) ? body : text) ? null : `${status}: ${ajv.errorsText(validate.errors)}`;
}

test('the document is OpenAPI 3.1, and names every operation once', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document) as unknown as SpecData);
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  const ids = operations().map(({ operation: { operationId } }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('each answer is what the document says, for what is there and for what is not', async () => {
  const webhook = {
    id: 'wh_1',
    name: 'a',
    table: 'item',
    companyId: 'abc',
    url: 'https://hooks.example.com/',
    onInsert: true,
  };
  const breaches: string[] = [];
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const pattern = path
      .replace(/wh_\d|\d{16}-\d+/, '{id}')
      .replace(/(?<=tables\/)\w+/, '{name}')
      .replace(/\?.*/, '');
    const operation = document.paths[pattern]?.[method.toLowerCase()];
    if (operation === undefined) throw new Error(`${method} ${pattern} is not in the document`);
    const answer = await api.ask(method, path, body === undefined ? {} : { body });
    const broken = breach(operation, answer);
    if (broken !== null) breaches.push(`${method} ${path}: ${broken}`);
    asked.add(operation.operationId);
  };
  const asked = new Set<string>();
  await ask('POST', '/v1/webhooks', webhook);
  await ask('POST', '/v1/webhooks', webhook);
  await api.database.admin.query(`
    insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, type, attempt, outcome, total_ms)
      select now(), uid, id, company_id, '1-0-0', 'item', 'INSERT', 1, 'delivered', 1.5 from rowhook.webhook;
    insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count)
      select uid, id, company_id, 'item', 'timeout', null from rowhook.webhook`);
  for (const id of ['wh_1', 'wh_2']) {
    await ask('GET', `/v1/webhooks/${id}`);
    await ask('GET', `/v1/webhooks/${id}/deliveries`);
    await ask('PATCH', `/v1/webhooks/${id}`, { concurrency: 3 });
    await ask('POST', `/v1/webhooks/${id}/test`, {});
  }
  const { body: log } = await api.ask('GET', '/v1/webhooks/wh_1/deliveries');
  const delivery = (log['data'] as { id: string }[])[0]?.id ?? '';
  for (const id of [delivery, '1760000000000000-1']) {
    await ask('GET', `/v1/deliveries/${id}`);
    await ask('POST', `/v1/deliveries/${id}/resend`, {});
  }
  for (const id of ['wh_1', 'wh_2']) {
    await ask('POST', `/v1/webhooks/${id}/resend`, { since: '2026-01-31T10:00:00Z' });
    await ask('POST', `/v1/webhooks/${id}/resend`, { since: '2026-01-31T10:00:00Z', dryRun: true });
    await ask('POST', `/v1/webhooks/${id}/resend`, { loss: 1 });
  }
  for (const path of [
    '/v1/webhooks',
    '/v1/tables',
    '/v1/losses',
    '/v1/deliveries?outcome=delivered,failed&bodies=true',
    '/v1/deliveries?outcome=lost',
    '/v1/status',
    '/v1/losses?limit=none',
    '/v1/why?table=item&key=1',
    '/v1/why?table=no&key=1',
    '/v1/events',
    '/v1/session',
    '/v1/overview',
    '/v1/vitals',
    '/v1/webhooks?order=attention&health=failing&health=idle&search=a',
    '/v1/tables/item/checks',
    '/v1/tables/nothing/checks',
    '/v1/tables/item/activity?company=abc',
    '/v1/tables/nothing/activity',
  ]) {
    await ask('GET', path);
  }
  await ask('POST', '/v1/webhooks/test', { ...webhook, url: 'http://127.0.0.1:9/' });
  await ask('POST', '/v1/webhooks/test', { ...webhook, table: 'nothing' });
  for (const id of ['wh_1', 'wh_2']) await ask('DELETE', `/v1/webhooks/${id}`);
  expect(breaches).toEqual([]);
  expect([...asked].sort()).toEqual(
    operations()
      .map(({ operation: { operationId } }) => operationId)
      .sort(),
  );
});

test(
  'whatever is asked, the answer is in the document, and never a failure of ours',
  { timeout: 60_000 + 20 * requests },
  async () => {
    const oddText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '',
        '\0',
        "'; drop table",
        '%',
        '../..',
        'wh_1',
        '2026-01-01T00:00:00Z',
        '-1',
        '1e99',
        'null',
        '{}',
      ),
    );
    const odd = fc.oneof({ weight: 3, arbitrary: oddText }, { weight: 1, arbitrary: fc.jsonValue() });
    const request = fc.nat().chain((seed) => {
      const all = operations();
      const picked = all[seed % all.length];
      if (picked === undefined) throw new Error('the document is empty');
      const { operation } = picked;
      const names = (operation.parameters ?? [])
        .filter((each) => each.in === 'query')
        .map(({ name }) => name);
      const body = operation.requestBody?.content['application/json']?.schema.properties ?? {};
      return fc.record({
        picked: fc.constant(picked),
        id: oddText,
        query: fc.dictionary(fc.constantFrom(...names, 'other'), oddText, { maxKeys: 3 }),
        body: fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...Object.keys(body), 'other'), odd)),
        isCompany: fc.boolean(),
        ifMatch: fc.option(fc.constantFrom('"1"', '*', 'x', '"99999999999999999999"')),
      });
    });
    const token = await api.tokenOf('abc');
    const ask = async (given: Made<typeof request>): Promise<void> => {
      const { picked, id, query, body, isCompany, ifMatch } = given;
      const path = picked.path.replace('{id}', encodeURIComponent(id.toWellFormed()) || 'x');
      const search = new URLSearchParams(query).toString();
      const answer = await api.ask(picked.method.toUpperCase(), `${path}?${search}`, {
        ...(isCompany && { token }),
        ...(picked.operation.requestBody && { body }),
        ...(ifMatch !== null && { headers: { 'if-match': ifMatch } }),
      });
      expect(answer.status).toBeLessThan(500);
      expect(breach(picked.operation, answer)).toBeNull();
    };
    await fc.assert(fc.asyncProperty(request, ask), { numRuns: requests });
  },
);
