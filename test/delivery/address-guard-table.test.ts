/**
 * The address guard, range by range and spelling by spelling. The ranges stand here a second time, from IANA's special-purpose
 * registries for IPv4 and IPv6 and from what clouds use inside, and are held against the code at each of their ends.
 * The ways out that exist: saving from the command line (`checkTarget`) and sending (`Poster.post`, then `dial`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { checkTarget, checkUrl, targetPolicy } from '../../src/delivery/address-guard.ts';
import { dial } from '../../src/delivery/dial.ts';
import { isForbidden } from '../../src/delivery/ip-ranges.ts';
import { createPoster } from '../../src/delivery/post.ts';
import { postWith } from './post-with.ts';
import { answerWith, ok, startRawReceiver } from './raw-receiver.ts';

const v4Ranges = [
  ...[
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
  ],
  ...[
    '192.0.2.0/24',
    '192.31.196.0/24',
    '192.52.193.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '192.175.48.0/24',
  ],
  ...[
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    '255.255.255.255/32',
  ],
  '168.63.129.16/32',
];
const v6Ranges = [
  ...[
    '::/128',
    '::1/128',
    '::/96',
    '::ffff:0:0/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '100:0:0:1::/64',
  ],
  ...[
    '2001::/23',
    '2001::/32',
    '2001:1::1/128',
    '2001:2::/48',
    '2001:3::/32',
    '2001:4:112::/48',
    '2001:10::/28',
  ],
  ...[
    '2001:20::/28',
    '2001:30::/28',
    '2001:db8::/32',
    '2002::/16',
    '2620:4f:8000::/48',
    '3fff::/20',
    '5f00::/16',
  ],
  ...['fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8', '::/3', '4000::/2', '8000::/1'],
];

interface Range {
  readonly cidr: string;
  readonly first: bigint;
  readonly last: bigint;
}

const v4 = v4Ranges.map((cidr) => rangeOf(cidr, 32));
const v6 = v6Ranges.map((cidr) => rangeOf(cidr, 128));

describe.each([
  ['IPv4', v4, 32, v4Text],
  ['IPv6', v6, 128, v6Text],
] as const)('%s', (_family, ranges, bits, textOf) => {
  const isIn = (address: bigint): boolean =>
    ranges.some(({ first, last }) => first <= address && address <= last);

  test.each(ranges.map(({ cidr, first, last }) => [cidr, first, last] as const))(
    '%s is closed from its first to its last address, and opens nothing beside it',
    (_cidr, first, last) => {
      for (const inside of [first, first + 1n, (first + last) / 2n, last - 1n, last]) {
        if (inside < first || inside > last) continue;
        expect([textOf(inside), isForbidden(textOf(inside))]).toEqual([textOf(inside), true]);
      }
      for (const beside of [first - 1n, last + 1n]) {
        if (beside < 0n || beside >= 1n << BigInt(bits)) continue;
        expect([textOf(beside), isForbidden(textOf(beside))]).toEqual([textOf(beside), isIn(beside)]);
      }
    },
  );
});

type Spelling = (address: number) => string;

const octets = (address: number): number[] => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
const dotted: Spelling = (address) => octets(address).join('.');
const hexGroups: Spelling = (address) =>
  `${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`;
const octal = (part: number): string => `0${part.toString(8)}`;

const spellings: Record<string, Spelling> = {
  dotted,
  decimal: (address) => String(address),
  hexadecimal: (address) => `0x${address.toString(16)}`,
  'hexadecimal, upper case': (address) => `0X${address.toString(16).toUpperCase()}`,
  octal,
  'octal octets': (address) => octets(address).map(octal).join('.'),
  'hexadecimal octets': (address) =>
    octets(address)
      .map((part) => `0x${part.toString(16)}`)
      .join('.'),
  'mixed octets': (address) =>
    octets(address)
      .map((part, n) => (n % 2 === 0 ? octal(part) : `0x${part.toString(16)}`))
      .join('.'),
  'zeros before': (address) =>
    octets(address)
      .map((part) => `0000${part.toString(8)}`)
      .join('.'),
  'two parts': (address) => `${address >>> 24}.${address & 0xffffff}`,
  'three parts': (address) => `${address >>> 24}.${(address >>> 16) & 255}.${address & 0xffff}`,
  'a dot at the end': (address) => `${dotted(address)}.`,
  'full-width digits': (address) => fullWidth(dotted(address)),
  'full-width dots': (address) => dotted(address).replaceAll('.', '．'),
  'ideographic dots': (address) => dotted(address).replaceAll('.', '。'),
  'half-width ideographic dots': (address) => dotted(address).replaceAll('.', '｡'),
  'percent-encoded': (address) => percentEncoded(dotted(address)),
  'percent-encoded full-width digits': (address) => encodeURIComponent(fullWidth(dotted(address))),
  'circled digits': (address) =>
    dotted(address).replace(/[1-9]/g, (digit) => String.fromCharCode(0x245f + Number(digit))),
  'IPv4-mapped': (address) => `[::ffff:${dotted(address)}]`,
  'IPv4-mapped, in hex and upper case': (address) => `[::FFFF:${hexGroups(address).toUpperCase()}]`,
  'IPv4-mapped, written out': (address) => `[0000:0000:0000:0000:0000:ffff:${hexGroups(address)}]`,
  'IPv4-compatible': (address) => `[::${hexGroups(address)}]`,
  'IPv4-translated': (address) => `[::ffff:0:${hexGroups(address)}]`,
  NAT64: (address) => `[64:ff9b::${dotted(address)}]`,
  'local NAT64': (address) => `[64:ff9b:1::${hexGroups(address)}]`,
  '6to4': (address) => `[2002:${hexGroups(address)}::1]`,
  Teredo: (address) => `[2001:0:4136:e378:8000:63bf:${hexGroups(~address >>> 0)}]`,
  ISATAP: (address) => `[fe80::5efe:${hexGroups(address)}]`,
  'ISATAP under a public prefix': (address) => `[2606:4700::5efe:${hexGroups(address)}]`,
  'ISATAP under a public prefix, unique': (address) => `[2606:4700:0:0:200:5efe:${hexGroups(address)}]`,
};

const strict = { allowTargets: [], allowHttp: true };
const firstAndLast = v4.flatMap(({ first, last }) => [Number(first), Number(last)]);

test.each(Object.entries(spellings))(
  'no range is reached through an address spelled as %s, by any way out',
  async (_name, spell) => {
    await using poster = createPoster(strict);
    const policy = targetPolicy(strict);
    for (const address of firstAndLast) {
      for (const scheme of ['http', 'HTTPS']) {
        const url = `${scheme}://${spell(address)}:8080/hook`;
        expect([url, checkUrl(url, policy)?.class]).toEqual([url, 'blocked_address']);
        expect([url, (await checkTarget(url, { ...strict, lookup: neverAsked }))?.class]).toEqual([
          url,
          'blocked_address',
        ]);
        const outcome = await postWith(poster, { url });
        expect([url, outcome]).toEqual([url, expect.objectContaining({ class: 'blocked_address' })]);
        expect(poster.openConnections).toBe(0);
      }
    }
  },
);

test.each(v6.flatMap(({ first, last }) => [v6Text(first), v6Text(last)]))(
  '[%s] is refused by any way out',
  async (address) => {
    await using poster = createPoster(strict);
    for (const spelled of [address, address.toUpperCase(), address.replaceAll(/\b0+(?=[\da-f])/g, '')]) {
      const url = `https://[${spelled}]/`;
      expect((await checkTarget(url, { ...strict, lookup: neverAsked }))?.class).toBe('blocked_address');
      expect(await postWith(poster, { url })).toMatchObject({ class: 'blocked_address' });
    }
  },
);

test.each([
  '[fe80::1%eth0]',
  '[fe80::1%25eth0]',
  '[::1%lo]',
  '[::1%25lo]',
  '[2606:4700::1111%25eth0]',
  '127.0.0.1%00',
  '%00',
  '127.0.0.1\u0000',
  '[::]]',
])('a host with a zone or a broken one (%j) is refused', (host) => {
  expect(checkUrl(`https://${host}/`, targetPolicy(strict))?.class).toBe('blocked_address');
});

test.each([
  'LOCALHOST',
  'localhost。',
  'ｌｏｃａｌｈｏｓｔ',
  'loc%61lhost',
  'loc\u00adalhost',
  'a.LocalHost',
  'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
  'metadata',
  'kubernetes',
])('the name %j is refused without being looked up', async (name) => {
  expect((await checkTarget(`https://${name}/`, { ...strict, lookup: neverAsked }))?.class).toBe(
    'blocked_address',
  );
});

test.each(
  [...v4, ...v6].flatMap(({ cidr, first, last }) =>
    cidr.includes(':') ? [v6Text(first), v6Text(last)] : [v4Text(first), v4Text(last)],
  ),
)(
  'a name that leads to %s and to a public address is refused by any way out, and tells neither',
  async (address) => {
    const lookup: LookupFunction = (_host, _options, callback) =>
      callback(null, [
        { address: '93.184.215.14', family: 4 },
        { address, family: address.includes(':') ? 6 : 4 },
      ]);
    const url = 'https://api.example.com/';
    const refusal = await checkTarget(url, { ...strict, lookup });
    expect(refusal?.class).toBe('blocked_address');
    await using poster = createPoster({ ...strict, lookup });
    const outcome = await postWith(poster, { url });
    expect(outcome).toMatchObject({ kind: 'failed', class: 'blocked_address' });
    const policy = targetPolicy(strict);
    const dialled = dial(new URL(url), { policy, lookup, signal: new AbortController().signal });
    await expect(dialled).rejects.toMatchObject({ class: 'blocked_address' });
    expect(JSON.stringify([refusal, outcome])).not.toContain(`"${address}`);
    expect(JSON.stringify(outcome)).not.toContain('93.184');
  },
);

test('a name is looked up once for each connection: what is checked is what is dialled', async () => {
  await using receiver = await startRawReceiver(ok, { host: '0.0.0.0' });
  const answers = ['127.0.0.2', '10.0.0.1'];
  let questions = 0;
  const lookup: LookupFunction = (_host, _options, callback) => {
    questions += 1;
    callback(null, [{ address: answers.shift() ?? '169.254.169.254', family: 4 }]);
  };
  await using poster = createPoster({ allowTargets: ['127.0.0.2'], allowHttp: true, lookup });
  const url = `http://rebind.example.com:${receiver.port}/`;
  for (let round = 0; round < 3; round++)
    expect(await postWith(poster, { url })).toMatchObject({ kind: 'delivered' });
  expect([questions, receiver.connections.length]).toEqual([1, 1]);
});

test('a redirect to a forbidden address is not even looked at', async () => {
  let questions = 0;
  const lookup: LookupFunction = (_host, _options, callback) => {
    questions += 1;
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  };
  const location = 'http://metadata.example.com/latest/meta-data/';
  await using receiver = await startRawReceiver(
    answerWith(`HTTP/1.1 307 x\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`),
  );
  await using poster = createPoster({ allowTargets: ['api.example.com'], allowHttp: false, lookup });
  const url = `http://api.example.com:${receiver.port}/`;
  expect(await postWith(poster, { url })).toEqual({ kind: 'rejected', status: 307 });
  expect([questions, receiver.connections.length]).toEqual([1, 1]);
});

test('https is required of a public host by any way out, unless the operator allows http', async () => {
  const lookup: LookupFunction = (_host, _options, callback) =>
    callback(null, [{ address: '10.0.0.1', family: 4 }]);
  await using poster = createPoster({ allowTargets: [], allowHttp: false, lookup });
  for (const url of [
    'http://api.example.com/',
    'http://93.184.215.14/',
    'HTTP://API.EXAMPLE.COM:443/',
    'http://[2606:4700:4700::1111]/',
  ]) {
    expect(
      (await checkTarget(url, { allowTargets: [], allowHttp: false, resolve: false }))?.message,
    ).toContain('plain http');
    expect(await postWith(poster, { url })).toMatchObject({
      class: 'blocked_address',
      detail: expect.stringContaining('plain http') as string,
    });
    expect(await checkTarget(url, { allowTargets: [], allowHttp: true, resolve: false })).toBeNull();
  }
});

test('nothing in the service opens a connection but dial.ts, and nothing resolves names but resolver.ts', () => {
  const opens =
    /import \{[^}]*\b(?:connect|createConnection|request|get)\b[^}]*\} from 'node:(?:net|tls|https?|http2)'|from 'node:dgram'|\bfetch\(|\bnew Socket\b|\bWebSocket\b/s;
  const resolves = /import \{[^}]*\b(?:lookup|resolve\w*|Resolver)\b[^}]*\} from 'node:dns(?:\/promises)?'/s;
  // The console runs in browsers, whose policy lets it ask its own origin only.
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith(join('http', 'console')),
  );
  const found = (pattern: RegExp): string[] =>
    files.filter((file) => pattern.test(readFileSync(join('src', file), 'utf8')));
  expect(found(opens)).toEqual(['delivery/dial.ts']);
  expect(found(resolves)).toEqual(['delivery/resolver.ts']);
});

const neverAsked: LookupFunction = () => {
  throw new Error('the resolver was asked');
};

function rangeOf(cidr: string, bits: number): Range {
  const [address = '', prefix = ''] = cidr.split('/');
  const value = bits === 32 ? v4Value(address) : v6Value(address);
  const size = 1n << BigInt(bits - Number(prefix));
  const first = (value / size) * size;
  return { cidr, first, last: first + size - 1n };
}

function v4Value(address: string): bigint {
  return address.split('.').reduce((value, octet) => value * 256n + BigInt(octet), 0n);
}

function v6Value(address: string): bigint {
  const [before = '', after = ''] = address.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const zeros = Array<string>(8 - groups(before).length - groups(after).length).fill('0');
  const all = address.includes('::') ? [...groups(before), ...zeros, ...groups(after)] : address.split(':');
  return all.reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

function v4Text(value: bigint): string {
  return dotted(Number(value));
}

function v6Text(value: bigint): string {
  return Array.from({ length: 8 }, (_, n) => ((value >> BigInt(112 - 16 * n)) & 0xffffn).toString(16)).join(
    ':',
  );
}

function fullWidth(text: string): string {
  return text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
}

function percentEncoded(text: string): string {
  return Array.from(text, (character) => `%${character.charCodeAt(0).toString(16)}`).join('');
}
