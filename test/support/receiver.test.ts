/** The receiver records what really came over the wire, and misbehaves as it is told. */
import { expect, test } from 'vitest';
import { http } from './http.ts';
import { startReceiver } from './receiver.ts';

test('records what was sent, byte for byte', async () => {
  await using receiver = await startReceiver();
  await http.post(`${receiver.url}/hook`, { body: '{"a":"ü"}' });
  const [request] = await receiver.waitFor(1);
  expect(request).toMatchObject({ method: 'POST', path: '/hook', body: '{"a":"ü"}' });
  expect(request?.json()).toEqual({ a: 'ü' });
  expect(request?.bytes.length).toBe(10);
});

test('behaves per path', async () => {
  await using receiver = await startReceiver();
  receiver.behave({ status: 503, body: 'no' }, '/bad');
  receiver.behave({ redirect: 'http://127.0.0.1:1/' }, '/elsewhere');
  const answers = await Promise.all(
    ['/good', '/bad', '/elsewhere'].map((path) => http.post(receiver.url + path, { body: path })),
  );
  expect(answers.map((answer) => answer.statusCode)).toEqual([200, 503, 307]);
  expect(receiver.requestsTo('/bad').map((request) => request.body)).toEqual(['/bad']);
});

test.each([
  ['hangs', { hang: true }, 'ETIMEDOUT', 1],
  ['resets before it reads', { reset: 'before-reading' }, 'ECONNRESET', 0],
  ['resets after it has read', { reset: 'after-reading' }, 'ECONNRESET', 1],
  ['dribbles', { dribble: { everyMs: 5 } }, 'ETIMEDOUT', 1],
  ['never ends its body', { endless: true }, 'ETIMEDOUT', 1],
] as const)('an endpoint that %s', async (_name, behaviour, code, recorded) => {
  await using receiver = await startReceiver({ behaviour });
  const failed = http.post(receiver.url, { body: 'x', timeout: { request: 300 } });
  await expect(failed).rejects.toMatchObject({ code });
  expect(await receiver.waitFor(recorded)).toHaveLength(recorded);
});

test('a wait that fails lists what came instead', async () => {
  await using receiver = await startReceiver();
  await http.post(`${receiver.url}/hook`, { body: 'something else' });
  await expect(receiver.waitFor(2, { timeoutMs: 50 })).rejects.toThrow(
    /2 requests.*\n.*POST \/hook something else/,
  );
});

test('refuses connections while paused, and comes back on its port', async () => {
  await using receiver = await startReceiver();
  await receiver.pause();
  await expect(http.post(receiver.url, { body: 'x' })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
  await receiver.resume();
  expect((await http.post(receiver.url, { body: 'x' })).statusCode).toBe(200);
});
