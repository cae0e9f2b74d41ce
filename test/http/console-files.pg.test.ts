import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { http } from '../support/http.ts';
import { startApiHere, type ApiHere } from './api-here.ts';

const dir = mkdtempSync(join(tmpdir(), 'rowhook-console-'));
const missing = join(dir, 'missing');

let api: ApiHere;

beforeAll(async () => {
  mkdirSync(join(dir, 'assets'));
  writeFileSync(join(dir, 'index.html'), '<!doctype html><html><head><title>x</title></head></html>');
  writeFileSync(join(dir, 'assets/index-abc.js'), `console.log('${'a'.repeat(1_000)}')`);
  api = await startApiHere({ consoleDir: dir });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

test('the page is for everybody, is not kept, and may run and ask nothing but what is served beside it', async () => {
  const { status, headers, text } = await api.ask('GET', '/', { token: null });
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(text).toContain('<title>x</title>');
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  const policy = String(headers['content-security-policy']).split('; ').sort();
  expect(policy).toEqual(
    [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].sort(),
  );
});

test('an asset has a name of its own and may be kept for a year, packed where the browser takes that', async () => {
  const { headers } = await http(`${api.url}/assets/index-abc.js`, {
    decompress: false,
    headers: { 'accept-encoding': 'gzip, br' },
  });
  expect(headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-type': 'text/javascript; charset=utf-8',
    'content-encoding': 'gzip',
    'x-content-type-options': 'nosniff',
  });
  const plain = await http(`${api.url}/assets/index-abc.js`, { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers).not.toHaveProperty('content-encoding');
  expect(plain.body).toContain('console.log');
});

test.each([
  ['gzip', 'gzip'],
  ['br;q=1.0, gzip;q=0.8, *;q=0.1', 'gzip'],
  ['GZIP ; q=0.001', 'gzip'],
  ['gzip;q=0', undefined],
  ['br, gzip; q=0.000, deflate', undefined],
  ['x-gzip-like', undefined],
])('of a browser that accepts "%s" the encoding is %s', async (accepted, encoding) => {
  const headers = { 'accept-encoding': accepted };
  const answer = await http(`${api.url}/assets/index-abc.js`, { decompress: false, headers });
  expect(answer.headers['content-encoding']).toBe(encoding);
});

test.each(['/assets/other.js', '/assets/..%2findex.html', '/assets/..%2f..%2fpackage.json', '/assets/'])(
  '%s is not there, and nothing outside of the assets is',
  async (path) => {
    const { status, headers } = await api.ask('GET', path, { token: null });
    expect(status).toBe(404);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  },
);

test('frames are for the configured origins only, which the page is told', async () => {
  const consoleOrigins = ['https://app.example.com', 'https://erp.example.com'];
  await using framed = await startApiHere({ consoleDir: dir, consoleOrigins });
  const { headers, text } = await framed.ask('GET', '/', { token: null });
  expect(headers['content-security-policy']).toContain(
    'frame-ancestors https://app.example.com https://erp.example.com',
  );
  expect(headers).not.toHaveProperty('x-frame-options');
  expect(text).toContain(
    '<meta name="rowhook-origins" content="https://app.example.com https://erp.example.com">',
  );
  expect((await framed.ask('GET', '/v1/webhooks')).headers['x-frame-options']).toBe('DENY');
});

test('without a build the page says how to make one, and has it as soon as it is there', async () => {
  await using bare = await startApiHere({ consoleDir: missing });
  const { status, text } = await bare.ask('GET', '/', { token: null });
  expect([status, text]).toEqual([503, expect.stringContaining('npm run build')]);
  mkdirSync(join(missing, 'assets'), { recursive: true });
  writeFileSync(join(missing, 'index.html'), '<head></head>');
  expect((await bare.ask('GET', '/', { token: null })).status).toBe(200);
});

test('a page whose script is not there yet is not kept: the build goes on', async () => {
  const unfinished = join(dir, 'unfinished');
  mkdirSync(join(unfinished, 'assets'), { recursive: true });
  writeFileSync(join(unfinished, 'index.html'), '<head><script src="./assets/index-def.js"></script></head>');
  await using building = await startApiHere({ consoleDir: unfinished });
  expect((await building.ask('GET', '/', { token: null })).status).toBe(503);
  writeFileSync(join(unfinished, 'assets/index-def.js'), 'console.log(1)');
  expect((await building.ask('GET', '/', { token: null })).status).toBe(200);
  expect((await building.ask('GET', '/assets/index-def.js', { token: null })).status).toBe(200);
});
