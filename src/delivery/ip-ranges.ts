/**
 * Which addresses are not the public internet: IANA's special-purpose registries for IPv4 and IPv6, and for IPv6
 * everything outside 2000::/3, the only part given out. Whole ranges that carry an IPv4 address inside are closed.
 */
import { BlockList, isIP } from 'node:net';

// https://www.iana.org/assignments/iana-ipv4-special-registry
const forbiddenV4 = `
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24
  203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32`;

// https://www.iana.org/assignments/iana-ipv6-special-registry. The first three are all that is not 2000::/3: ::/96,
// ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48, 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10, ff00::/8 and more.
const forbiddenV6 = `
  ::/3 4000::/2 8000::/1
  2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20`;

// Link-local and the fixed addresses of clouds' metadata services (Azure, Oracle, Alibaba; AWS, Google).
const guardedV4 = ['169.254.0.0/16', '168.63.129.16/32', '192.0.0.192/32', '100.100.100.200/32'];
const guardedV6 = ['fe80::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128'];

export interface Cidr {
  readonly address: string;
  readonly prefix: number;
}

/** `null` for what is not `address/prefix`. Bits of the host part are ignored, as everywhere. */
export function parseCidr(text: string): Cidr | null {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0 || !/^\d{1,3}$/.test(prefix)) return null;
  return Number(prefix) <= (family === 4 ? 32 : 128) ? { address, prefix: Number(prefix) } : null;
}

/**
 * One list per family: in a single `net.BlockList` an IPv4 address also matches IPv6 rules that cover
 * `::ffff:0:0/96`, such as ::/0.
 */
export class AddressRanges {
  readonly #v4 = new BlockList();
  readonly #v6 = new BlockList();

  constructor(ranges: Iterable<Cidr>) {
    for (const { address, prefix } of ranges) {
      if (isIP(address) === 4) this.#v4.addSubnet(address, prefix, 'ipv4');
      else this.#v6.addSubnet(address, prefix, 'ipv6');
    }
  }

  has(address: string): boolean {
    const [bare = ''] = address.split('%');
    if (isIP(bare) === 4) return this.#v4.check(bare, 'ipv4');
    return isIP(bare) === 6 && this.#v6.check(bare, 'ipv6');
  }
}

const forbidden = new AddressRanges(cidrs(`${forbiddenV4} ${forbiddenV6}`.trim().split(/\s+/)));
const guarded = new AddressRanges(cidrs([...guardedV4, ...guardedV6, ...guardedV4.flatMap(carriers)]));

/** Whether the address may not be called unless the operator opened it. What is no address at all is forbidden. */
export function isForbidden(address: string): boolean {
  return isIP(address) === 0 || forbidden.has(address) || isIsatap(address);
}

// RFC 5214 6.1: under any prefix, ::0:5efe:a.b.c.d and ::200:5efe:a.b.c.d carry an IPv4 address of the site.
function isIsatap(address: string): boolean {
  return (
    isIP(address) === 6 && /(?:^|:)(?:0|200)?:5efe:[\da-f]{0,4}:[\da-f]{0,4}$/.test(canonicalAddress(address))
  );
}

/** Link-local and metadata addresses, which only their own name opens; also inside an IPv6 address. */
export function isGuarded(address: string): boolean {
  return guarded.has(address);
}

/** The same spelling for the same address, so that two can be compared. */
export function canonicalAddress(address: string): string {
  return isIP(address) === 6 && !address.includes('%')
    ? new URL(`http://[${address}]`).hostname.slice(1, -1)
    : address;
}

function cidrs(texts: readonly string[]): Cidr[] {
  return texts.map((text) => {
    const cidr = parseCidr(text);
    if (cidr === null) throw new Error(`not a CIDR: ${text}`);
    return cidr;
  });
}

// An IPv4 range as the IPv6 ranges that reach it: IPv4-compatible, IPv4-mapped, NAT64 (RFC 6052) and 6to4 (RFC 3056).
function carriers(cidrV4: string): string[] {
  const [address = '', prefix = ''] = cidrV4.split('/');
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const groups = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  const inLast32 = ['::', '::ffff:', '64:ff9b::'].map((head) => `${head}${groups}/${96 + Number(prefix)}`);
  return [...inLast32, `2002:${groups}::/${16 + Number(prefix)}`];
}
