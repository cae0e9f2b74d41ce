/**
 * The operator's exceptions to the address guard (ROWHOOK_ALLOW_TARGETS): names, addresses and CIDRs. A range never
 * opens link-local or metadata addresses; those must be named themselves.
 */
import { isIP } from 'node:net';
import { AddressRanges, canonicalAddress, isGuarded, parseCidr, type Cidr } from './ip-ranges.ts';

export interface AllowTargets {
  /** Lower case, punycode, without a dot at the end. */
  readonly hosts: ReadonlySet<string>;
  /** Addresses named one by one, in their canonical spelling. */
  readonly addresses: ReadonlySet<string>;
  readonly ranges: AddressRanges;
}

/** `problems` has a sentence for each entry that is neither a host, an address nor a CIDR; those entries open nothing. */
export function parseAllowTargets(entries: readonly string[]): { allow: AllowTargets; problems: string[] } {
  const hosts = new Set<string>();
  const addresses = new Set<string>();
  const ranges: Cidr[] = [];
  const problems: string[] = [];
  for (const entry of entries.map((text) => text.trim()).filter((text) => text !== '')) {
    const address = bareAddress(entry);
    const cidr = parseCidr(entry.replace(/^\[(.*)\]\//, '$1/'));
    if (address !== null) addresses.add(address);
    else if (cidr !== null && isSingle(cidr)) addresses.add(canonicalAddress(cidr.address));
    else if (cidr !== null) ranges.push(cidr);
    else {
      const host = parseHost(entry);
      if ('problem' in host) problems.push(host.problem);
      else if (isIP(host.name) !== 0) addresses.add(host.name);
      else hosts.add(host.name);
    }
  }
  return { allow: { hosts, addresses, ranges: new AddressRanges(ranges) }, problems };
}

/** Whether the list opens this address, whatever name led to it. */
export function allowsAddress(allow: AllowTargets, address: string): boolean {
  if (allow.addresses.has(canonicalAddress(address))) return true;
  return !isGuarded(address) && allow.ranges.has(address);
}

function bareAddress(entry: string): string | null {
  const bare = /^\[.*\]$/.test(entry) ? entry.slice(1, -1) : entry;
  return isIP(bare) === 0 || bare.includes('%') ? null : canonicalAddress(bare);
}

function isSingle({ address, prefix }: Cidr): boolean {
  return prefix === (isIP(address) === 4 ? 32 : 128);
}

function parseHost(entry: string): { name: string } | { problem: string } {
  if (/[/:@?#*\s\\%]/.test(entry)) {
    return { problem: `"${entry}" is not a host, an address or a CIDR (no scheme, port, path or wildcard)` };
  }
  const url = URL.parse(`http://${entry}/`);
  if (url === null) return { problem: `"${entry}" is not a host, an address or a CIDR` };
  return { name: url.hostname.replace(/\.$/, '') };
}
