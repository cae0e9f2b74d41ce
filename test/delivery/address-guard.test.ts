import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { expect, test } from 'vitest';
import { checkTarget, checkUrl, resolveTarget, targetPolicy } from '../../src/delivery/address-guard.ts';

const strict = targetPolicy({ allowTargets: [], allowHttp: false });

function resolvesTo(...addresses: string[]): LookupFunction {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, _options, callback) => callback(null, found);
}

const failsWith =
  (code: string): LookupFunction =>
  (_host, _options, callback) =>
    callback(Object.assign(new Error(code), { code }), []);

const neverAnswers: LookupFunction = () => {};

function save(url: string, allowTargets: string[], lookup: LookupFunction) {
  return checkTarget(url, { allowTargets, allowHttp: false, lookup });
}

test.each([
  ...[
    '127.1',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '１２７．０．０．１',
    '127.0.0.1.',
    '0',
    '0.0.0.0',
    '10.1',
    '[::1]',
    '[::]',
  ],
  ...[
    '[::ffff:127.0.0.1]',
    '[::7f00:1]',
    '[64:ff9b::a9fe:a9fe]',
    '[2002:a9fe:a9fe::]',
    '[fe80::1]',
    '[fd00:ec2::254]',
  ],
  ...['169.254.169.254', '168.63.129.16', '192.168.0.1', '0xa9fea9fe', '[0:0:0:0:0:ffff:7f00:1]'],
])('refuses the literal %s before any lookup', (host) => {
  expect(checkUrl(`https://${host}/hook`, strict)?.class).toBe('blocked_address');
});

test.each([
  ...[
    'https://localhost/',
    'https://LOCALHOST:8443/',
    'https://localhost./',
    'https://x.localhost/',
    'https://x.localhost./',
  ],
  ...['https://intranet/', 'https://intranet./', 'https://api.example.com./', 'https://ⓛocalhost/'],
  ...['https://user@api.example.com/', 'https://user:pw@api.example.com/', 'https://:pw@api.example.com/'],
  ...[
    'ftp://api.example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'gopher://x.example/',
    'unix:/run/x.sock',
  ],
  ...['', 'api.example.com', '//api.example.com/', 'https://', 'https://[::1', 'https://1.2.3.4.5/'],
])('refuses %j', (url) => {
  expect(checkUrl(url, strict)?.class).toBe('blocked_address');
});

test.each([
  'https://api.example.com/a?b=c',
  'https://1.1.1.1/',
  'https://[2606:4700:4700::1111]:8443/',
  'https://bücher.example',
])('has nothing against %s', (url) => {
  expect(checkUrl(url, strict)).toBeNull();
});

test('refuses a user in the URL even where the host is allowed', () => {
  const policy = targetPolicy({ allowTargets: ['localhost'], allowHttp: true });
  expect(checkUrl('http://u:p@localhost/', policy)?.message).toContain('password');
});

test('refuses plain http to a public host and names both settings that permit it', () => {
  const message = checkUrl('http://api.example.com/hook', strict)?.message;
  expect(message).toContain('ROWHOOK_ALLOW_HTTP=true');
  expect(message).toContain('ROWHOOK_ALLOW_TARGETS=api.example.com');
  for (const policy of [
    { allowTargets: [], allowHttp: true },
    { allowTargets: ['api.example.com'], allowHttp: false },
  ]) {
    expect(checkUrl('http://api.example.com/hook', targetPolicy(policy))).toBeNull();
  }
});

test('permits plain http to an allowed address, and to no other for it', () => {
  const policy = targetPolicy({ allowTargets: ['10.0.0.0/8'], allowHttp: false });
  expect(checkUrl('http://10.1.2.3:8080/', policy)).toBeNull();
  expect(checkUrl('http://1.1.1.1/', policy)?.message).toContain('plain http');
});

test('permitting plain http opens no address', () => {
  const policy = targetPolicy({ allowTargets: [], allowHttp: true });
  expect(checkUrl('http://127.0.0.1/', policy)?.class).toBe('blocked_address');
  expect(checkUrl('http://localhost/', policy)?.class).toBe('blocked_address');
});

test.each([
  ['http://localhost:4000/hook', 'localhost'],
  ['http://localhost./', 'localhost'],
  ['http://127.1/', '127.0.0.1'],
  ['https://[::1]:8443/', '::1'],
  ['https://intranet/', 'intranet'],
  ['http://169.254.169.254/latest', '169.254.169.254'],
  ['https://erp.example.com/', 'erp.example.com'],
])('names the value that opens %s, and that value opens it', async (url, value) => {
  const lookup = resolvesTo('10.0.0.5');
  const refusal = await save(url, [], lookup);
  expect(refusal?.message).toMatch(new RegExp(`ROWHOOK_ALLOW_TARGETS=${value.replaceAll('.', '\\.')}$`));
  expect(await save(url, [value], lookup)).toBeNull();
});

test('refuses a name when any of its addresses is forbidden', async () => {
  const url = 'https://api.example.com/';
  expect(await save(url, [], resolvesTo('93.184.215.14', '2606:4700:4700::1111'))).toBeNull();
  for (const bad of ['10.0.0.5', '::1', '::ffff:10.0.0.5', '64:ff9b::a00:5', '169.254.169.254']) {
    expect((await save(url, [], resolvesTo('93.184.215.14', bad)))?.class).toBe('blocked_address');
    expect((await save(url, [], resolvesTo(bad, '93.184.215.14')))?.class).toBe('blocked_address');
  }
});

test('never tells the internal address that a name resolved to', async () => {
  for (const address of ['10.11.12.13', '169.254.169.254', 'fd00:ec2::254']) {
    const refusal = await save('https://api.example.com/', [], resolvesTo(address));
    expect(refusal?.message).not.toContain(address);
  }
});

test('applies allowed ranges to the addresses behind a name', async () => {
  const lookup = resolvesTo('10.0.0.5', '93.184.215.14');
  expect(await save('https://api.example.com/', ['10.0.0.0/8'], lookup)).toBeNull();
  expect((await save('https://api.example.com/', ['10.0.0.6'], lookup))?.class).toBe('blocked_address');
});

test('an allowed name does not open link-local and metadata addresses, their own name does', async () => {
  const lookup = resolvesTo('169.254.169.254');
  const url = 'https://meta.example.com/';
  expect((await save(url, ['meta.example.com'], lookup))?.class).toBe('blocked_address');
  expect((await save(url, ['meta.example.com', '0.0.0.0/0'], lookup))?.class).toBe('blocked_address');
  expect(await save(url, ['169.254.169.254'], lookup)).toBeNull();
});

test('does not refuse a name that does not resolve on save', async () => {
  expect(await save('https://later.example.com/', [], failsWith('ENOTFOUND'))).toBeNull();
  expect(await save('https://later.example.com/', [], resolvesTo())).toBeNull();
  const options = { allowTargets: [], allowHttp: false, lookup: neverAnswers, timeoutMs: 20 };
  expect(await checkTarget('https://slow.example.com/', options)).toBeNull();
});

test('asks no resolver when told not to', async () => {
  const lookup: LookupFunction = () => {
    throw new Error('asked');
  };
  const options = { allowTargets: [], allowHttp: false, lookup, resolve: false };
  expect(await checkTarget('https://api.example.com/', options)).toBeNull();
  expect((await checkTarget('https://localhost/', options))?.class).toBe('blocked_address');
});

test('tells the class of a failed lookup and distrusts what is no address', async () => {
  const target = new URL('https://api.example.com/');
  expect(await resolveTarget(target, strict, failsWith('EAI_AGAIN'))).toEqual({
    kind: 'unresolved',
    code: 'EAI_AGAIN',
  });
  expect(await resolveTarget(target, strict, resolvesTo('nonsense'))).toEqual({
    kind: 'unresolved',
    code: 'ENODATA',
  });
});

test('an unreadable list of allowed targets is an error that names the entry', () => {
  expect(() => targetPolicy({ allowTargets: ['http://x'], allowHttp: false })).toThrow('"http://x"');
});
