import { expect, test } from 'vitest';
import { allowsAddress, parseAllowTargets } from '../../src/delivery/allow-targets.ts';

test('reads names, addresses and CIDRs', () => {
  const { allow, problems } = parseAllowTargets([
    ...['Localhost', 'erp.corp.', 'bücher.example', 'docker_host', ' 10.0.0.5 ', '[::1]', '127.1', ''],
    ...['192.168.0.0/16', 'fd00::/8', '172.17.0.1/32', '[fd12::]/16'],
  ]);
  expect(problems).toEqual([]);
  expect([...allow.hosts]).toEqual(['localhost', 'erp.corp', 'xn--bcher-kva.example', 'docker_host']);
  expect([...allow.addresses]).toEqual(['10.0.0.5', '::1', '127.0.0.1', '172.17.0.1']);
  expect(['192.168.7.7', 'fd00::1', 'fd12::9'].every((address) => allow.ranges.has(address))).toBe(true);
});

test.each([
  'http://erp.corp',
  'erp.corp:8080',
  'erp.corp/hook',
  '*.corp',
  'a b',
  '10.0.0.0/40',
  '999.1.1.1',
  'x@y',
  '::1%lo',
])('has a problem with %j, which opens nothing', (entry) => {
  const { allow, problems } = parseAllowTargets([entry]);
  expect(problems).toEqual([expect.stringContaining(entry)]);
  expect(allow.hosts.size + allow.addresses.size).toBe(0);
});

test.each([
  [['10.0.0.0/8'], '10.9.8.7', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['::1'], '0:0:0:0:0:0:0:1', true],
  [['0.0.0.0/0'], '127.0.0.1', true],
  [['0.0.0.0/0'], '::1', false],
  [['::/0'], '127.0.0.1', false],
  [['0.0.0.0/0'], '169.254.169.254', false],
  [['169.254.0.0/16'], '169.254.169.254', false],
  [['169.254.169.254'], '169.254.169.254', true],
  [['169.254.169.254/32'], '169.254.169.254', true],
  [['169.254.169.254'], '169.254.169.253', false],
  [['0.0.0.0/0'], '168.63.129.16', false],
  [['::/0'], 'fe80::1', false],
  [['::/0'], 'fd00:ec2::254', false],
  [['fd00:ec2::254/128'], 'fd00:ec2::254', true],
  [['::/0'], '::ffff:169.254.169.254', false],
  [['64:ff9b::/96'], '64:ff9b::a9fe:a9fe', false],
  [['64:ff9b::/96'], '64:ff9b::808:808', true],
])('with %j, %s is open: %s', (entries, address, isOpen) => {
  expect(allowsAddress(parseAllowTargets(entries).allow, address)).toBe(isOpen);
});
