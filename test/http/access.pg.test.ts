import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminToken, startApiHere, tokenSecret, type ApiHere } from './api-here.ts';

const path = '/v1/webhooks';

let api: ApiHere;

beforeAll(async () => {
  api = await startApiHere();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

async function jwt(claims: object, expires: string | null = '1m', secret = tokenSecret): Promise<string> {
  const token = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' });
  if (expires !== null) token.setExpirationTime(expires);
  return await token.sign(new TextEncoder().encode(secret));
}

/** With a Host header, and from wherever a page would be. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number> {
  return await new Promise((resolve, reject) => {
    const asked = request(url, { headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

describe('a token', () => {
  test("is the operator's or a company's", async () => {
    expect((await api.ask('GET', path)).status).toBe(200);
    expect((await api.ask('GET', path, { token: await api.tokenOf('abc') })).status).toBe(200);
  });

  test('is not asked for where health is', async () => {
    expect((await api.ask('GET', '/livez', { token: null })).text).toBe('ok\n');
    expect((await api.ask('GET', '/readyz', { token: null })).status).toBe(200);
  });

  test("of a company does not open what is the operator's", async () => {
    for (const asked of ['/v1/status', '/metrics']) {
      expect((await api.ask('GET', asked, { token: await api.tokenOf('abc') })).status).toBe(403);
    }
    expect((await api.ask('GET', '/v1/status')).body).toHaveProperty('checks');
  });

  test.each([
    ['no token', () => null, /Authorization: Bearer/],
    ['another one', () => `${adminToken}x`, /not valid here/],
    ['one that has expired', () => jwt({ companyId: 'abc' }, '-1m'), /has expired/],
    ['one that never expires', () => jwt({ companyId: 'abc' }, null), /not valid here/],
    ['one for a month', () => jwt({ companyId: 'abc' }, '30d'), /more than 24 hours/],
    ['one of nobody', () => jwt({}), /no companyId/],
    ['one of a company without a name', () => jwt({ companyId: '' }), /no companyId/],
    ['one of half a character', () => jwt({ companyId: '\ud800' }), /no companyId/],
    ['one of a company that no row could name', () => jwt({ companyId: 'x'.repeat(4_000) }), /no companyId/],
    ['one with another secret', () => jwt({ companyId: 'abc' }, '1m', 'x'.repeat(40)), /not valid here/],
    [
      'one that is not signed',
      () => new UnsecuredJWT({ companyId: 'abc' }).setExpirationTime('1m').encode(),
      /not valid here/,
    ],
  ])('%s is refused', async (_, make, detail) => {
    await using fresh = await startApiHere();
    const { status, headers, body } = await fresh.ask('GET', path, { token: await make() });
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(body['detail']).toMatch(detail);
  });

  test('is not read from the query', async () => {
    const asked = await api.ask('GET', `${path}?access_token=${adminToken}`, { token: null });
    expect(asked.status).toBe(401);
  });

  test('may be wrong ten times a minute; then wrong ones are only told to wait, and right ones still answered', async () => {
    await using fresh = await startApiHere();
    const statuses: number[] = [];
    for (let asked = 0; asked < 11; asked++)
      statuses.push((await fresh.ask('GET', path, { token: 'wrong' })).status);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
    const waiting = await fresh.ask('GET', path, { token: 'wrong' });
    expect(Number(waiting.headers['retry-after'])).toBeGreaterThan(0);
    expect((await fresh.ask('GET', path)).status).toBe(200);
    expect((await fresh.ask('GET', path, { token: await fresh.tokenOf('abc') })).status).toBe(200);
  });
});

describe('without any token', () => {
  const none = { adminToken: undefined, tokenSecret: undefined };

  test('this machine is answered, under its own names and from no other page', async () => {
    await using open = await startApiHere(none);
    const { port } = new URL(open.url);
    expect(await statusOf(open.url + path, {})).toBe(200);
    expect(await statusOf(open.url + path, { host: `localhost:${port}` })).toBe(200);
    expect(
      await statusOf(open.url + path, { host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}` }),
    ).toBe(200);
    expect(await statusOf(open.url + path, { host: 'evil.example.com' })).toBe(403);
    expect(await statusOf(open.url + path, { host: `localhost.evil.example.com:${port}` })).toBe(403);
    expect(await statusOf(open.url + path, { origin: 'https://evil.example.com' })).toBe(403);
    expect(await statusOf(open.url + path, { origin: 'null' })).toBe(403);
    expect(await statusOf(open.url + path, { 'x-forwarded-for': '192.0.2.1' })).toBe(403);
  });

  test('an address that others reach serves health only', async () => {
    await using open = await startApiHere({ ...none, host: '0.0.0.0' });
    const { port } = new URL(open.url);
    expect(await statusOf(`http://127.0.0.1:${port}/livez`, {})).toBe(200);
    for (const asked of [path, '/metrics', '/openapi.json']) {
      expect(await statusOf(`http://127.0.0.1:${port}${asked}`, {})).toBe(403);
    }
  });
});

test('a write that is no JSON is refused, as a form of another page would send it', async () => {
  const headers = { 'content-type': 'text/plain' };
  const { http } = await import('../support/http.ts');
  const authorization = `Bearer ${adminToken}`;
  const answer = await http.post(api.url + path, { headers: { ...headers, authorization }, body: '{}' });
  expect(answer.statusCode).toBe(415);
});

test('no answer may be kept, framed or taken for something else, and no other origin is let in', async () => {
  for (const asked of [path, '/livez', '/openapi.json', '/nowhere']) {
    const { headers } = await api.ask('GET', asked, { headers: { origin: 'https://app.example.com' } });
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

test.each([
  ['no request', 'nonsense\r\n\r\n', 400],
  ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
])('%s is answered with a problem, too', async (_, bytes, status) => {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.end(bytes);
  const answer = (await text(socket)).split('\r\n\r\n');
  expect(answer[0]).toContain(`HTTP/1.1 ${status} `);
  expect(answer[0]).toContain('x-content-type-options: nosniff');
  expect(JSON.parse(answer[1] ?? '')).toMatchObject({ status, detail: expect.any(String) as string });
});

test('a login that would see all companies answers none', async () => {
  await using fresh = await startApiHere();
  const login = new URL(fresh.database.serviceUrl).username;
  const token = await fresh.tokenOf('abc');
  expect((await fresh.ask('GET', path, { token })).status).toBe(200);
  await fresh.database.admin.query(`grant rowhook_dba to ${login}`);
  expect((await fresh.ask('GET', path, { token })).status).toBe(500);
  expect((await fresh.ask('GET', path)).status).toBe(200);
});
