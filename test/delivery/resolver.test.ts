/** Names, with a DNS server of our own: whose servers hang, fail, or have one family only, and who asks the system. */
import { Resolver, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { parseAllowTargets } from '../../src/delivery/allow-targets.ts';
import { createLookup } from '../../src/delivery/resolver.ts';
import { shareLookups } from '../../src/delivery/shared-lookup.ts';
import { waitUntil } from '../support/wait.ts';
import { startDnsServer, type DnsAnswer, type Question } from './dns-server.ts';
import { localPoster, postWith } from './post-with.ts';
import { ok, startRawReceiver } from './raw-receiver.ts';

const noSystem: LookupFunction = () => {
  throw new Error('the system was asked');
};

async function startScene(answer: (question: Question) => DnsAnswer, named: readonly string[] = []) {
  const dns = await startDnsServer(answer);
  const { allow } = parseAllowTargets(named);
  const newResolver = (): Resolver => {
    const resolver = new Resolver({ timeout: 1_000, tries: 1 });
    resolver.setServers([dns.server]);
    return resolver;
  };
  const lookup = createLookup(allow, { newResolver, system: noSystem });
  return { ...dns, lookup, find: (host: string) => find(lookup, host) };
}

function find(lookup: LookupFunction, host: string): Promise<string[] | string> {
  return new Promise((resolve) => {
    lookup(host, { all: true }, (error, found) => {
      resolve(error === null ? (found as LookupAddress[]).map(({ address }) => address) : (error.code ?? ''));
    });
  });
}

const of =
  (addresses: { A?: DnsAnswer; AAAA?: DnsAnswer }) =>
  (question: Question): DnsAnswer =>
    addresses[question.type] ?? [];

test('two hundred names whose servers hang delay nobody else’s', async () => {
  await using receiver = await startRawReceiver(ok);
  await using scene = await startScene(({ name, type }) => {
    if (name.startsWith('hanging')) return 'silence';
    return type === 'A' ? ['127.0.0.1'] : [];
  });
  await using poster = localPoster({ lookup: scene.lookup, allowHttp: true });
  let hanging = 0;
  const posts = Array.from({ length: 200 }, async (_, n) => {
    hanging += 1;
    const outcome = await postWith(poster, { url: `http://hanging${n}.example.com/`, timeoutMs: 10_000 });
    hanging -= 1;
    return outcome;
  });
  // The server's own buffer is small: what is still in it must not push out the next question.
  await waitUntil(() => scene.questions.length > 50, { describe: 'the questions' });
  const healthy = await postWith(poster, { url: `http://healthy.example.com:${receiver.port}/` });
  expect(healthy).toEqual({ kind: 'delivered', status: 200 });
  expect(hanging).toBe(200);
  const outcomes = await Promise.all(posts);
  expect(outcomes).toEqual(
    outcomes.map((_, n) => ({ kind: 'failed', class: 'dns', detail: `ETIMEOUT hanging${n}.example.com` })),
  );
});

test.each<[string, Parameters<typeof of>[0], string[] | string]>([
  [
    'of both families has all its addresses, IPv4 first',
    { A: ['192.0.2.1', '192.0.2.2'], AAAA: ['2001:db8::1'] },
    ['192.0.2.1', '192.0.2.2', '2001:db8::1'],
  ],
  ['of IPv4 only', { A: ['192.0.2.1'] }, ['192.0.2.1']],
  ['of IPv6 only', { AAAA: ['2001:db8::1'] }, ['2001:db8::1']],
  ['of neither family: ENODATA', {}, 'ENODATA'],
  ['that does not exist: ENOTFOUND', { A: 'NXDOMAIN', AAAA: 'NXDOMAIN' }, 'ENOTFOUND'],
  ['whose servers fail: ESERVFAIL', { A: 'SERVFAIL', AAAA: 'SERVFAIL' }, 'ESERVFAIL'],
  [
    'whose servers fail for one family has those of the other',
    { A: ['192.0.2.1'], AAAA: 'SERVFAIL' },
    ['192.0.2.1'],
  ],
  ['without IPv4 whose servers fail for IPv6 fails', { AAAA: 'SERVFAIL' }, 'ESERVFAIL'],
  ['whose servers never answer: ETIMEOUT', { A: 'silence', AAAA: 'silence' }, 'ETIMEOUT'],
])('a name %s', async (_name, answers, expected) => {
  await using scene = await startScene(of(answers));
  expect(await scene.find('api.example.com')).toEqual(expected);
  expect(new Set(scene.questions.map(({ name }) => name))).toEqual(new Set(['api.example.com']));
});

test('a name whose servers answer for one family only is not waited for until they time out', async () => {
  const dns = await startDnsServer(of({ A: ['192.0.2.1'], AAAA: 'silence' }));
  await using _dns = dns;
  const lookup = createLookup(parseAllowTargets([]).allow, {
    newResolver: () => {
      const resolver = new Resolver({ timeout: 20_000, tries: 1 });
      resolver.setServers([dns.server]);
      return resolver;
    },
  });
  const startedAt = performance.now();
  expect(await find(lookup, 'api.example.com')).toEqual(['192.0.2.1']);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test('the system is asked for the names that the operator allowed, and for no other', async () => {
  const asked: string[] = [];
  const { allow } = parseAllowTargets(['erp', 'erp.corp.example', '10.0.0.0/8']);
  const lookup = createLookup(allow, {
    system: (host, _options, callback) => {
      asked.push(host);
      callback(null, [{ address: '10.0.0.1', family: 4 }]);
    },
    newResolver: () => ({
      resolve4: ((_host: string, callback: (error: null, found: string[]) => void) =>
        callback(null, ['192.0.2.1'])) as Resolver['resolve4'],
      resolve6: ((_host: string, callback: (error: null, found: string[]) => void) =>
        callback(null, [])) as Resolver['resolve6'],
    }),
  });
  expect(await find(lookup, 'erp')).toEqual(['10.0.0.1']);
  expect(await find(lookup, 'erp.corp.example')).toEqual(['10.0.0.1']);
  expect(await find(lookup, 'sub.erp.corp.example')).toEqual(['192.0.2.1']);
  expect(asked).toEqual(['erp', 'erp.corp.example']);
});

test('a lookup that throws leaves nobody waiting', async () => {
  let isBroken = true;
  const lookup = shareLookups((_host, _options, callback) => {
    if (isBroken) throw new Error('broken');
    callback(null, [{ address: '192.0.2.1', family: 4 }]);
  });
  expect(() => lookup('x', {}, () => undefined)).toThrow('broken');
  isBroken = false;
  expect(await find(lookup, 'x')).toEqual(['192.0.2.1']);
});
