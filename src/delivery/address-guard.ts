/**
 * Whether a URL chosen by a customer may be called from inside the operator's network. The same decisions serve saving
 * and sending: `checkUrl` needs no network, `resolveTarget` adds the addresses behind a name. Texts of a refusal never
 * hold an address that a name resolved to.
 */
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { allowsAddress, parseAllowTargets, type AllowTargets } from './allow-targets.ts';
import { isForbidden, isGuarded } from './ip-ranges.ts';
import { createLookup } from './resolver.ts';

export interface TargetPolicy {
  readonly allow: AllowTargets;
  readonly allowHttp: boolean;
}

export interface Refusal {
  readonly class: 'blocked_address';
  readonly message: string;
}

export type Resolution =
  | { readonly kind: 'addresses'; readonly addresses: readonly LookupAddress[] }
  | { readonly kind: 'unresolved'; readonly code: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface GuardOptions {
  /** Entries of ROWHOOK_ALLOW_TARGETS. */
  readonly allowTargets: readonly string[];
  /** ROWHOOK_ALLOW_HTTP. */
  readonly allowHttp: boolean;
  readonly lookup?: LookupFunction;
}

/** @throws {Error} naming every entry of the list that means nothing. */
export function targetPolicy({ allowTargets, allowHttp }: GuardOptions): TargetPolicy {
  const { allow, problems } = parseAllowTargets(allowTargets);
  if (problems.length > 0) throw new Error(`ROWHOOK_ALLOW_TARGETS: ${problems.join('; ')}`);
  return { allow, allowHttp };
}

/** What can be said of a URL without the network; `null` = nothing against it so far. */
export function checkUrl(url: string, policy: TargetPolicy): Refusal | null {
  const target = URL.parse(url);
  if (target === null) return refuse('this is not a URL such as https://host/path');
  if (target.protocol !== 'https:' && target.protocol !== 'http:') {
    return refuse(`the scheme ${singleScheme(target)} is refused: use https`);
  }
  if (target.username !== '' || target.password !== '')
    return refuse('a URL with a user or password is refused');
  const host = bareHost(target);
  if (isNamed(policy, host)) return null;
  const refusal = isIP(host) === 0 ? checkName(target.hostname) : checkAddress(host);
  if (refusal !== null || target.protocol === 'https:' || policy.allowHttp) return refusal;
  return refuse(
    `plain http to ${host} is refused: use https, set ROWHOOK_ALLOW_HTTP=true or ${openedBy(host)}`,
  );
}

/**
 * The addresses to connect to, every one of them permitted. A name is refused when any of its addresses is forbidden:
 * which of them would be called is up to the resolver's order. Names stand for themselves only; addresses are literal.
 */
export async function resolveTarget(
  target: URL,
  policy: TargetPolicy,
  lookup: LookupFunction,
): Promise<Resolution> {
  const host = bareHost(target);
  const family = isIP(host);
  if (family !== 0) return { kind: 'addresses', addresses: [{ address: host, family }] };
  const found = await lookupAll(host, lookup);
  if (typeof found === 'string') return { kind: 'unresolved', code: found };
  const refusal = checkAddresses(host, found, policy);
  return refusal === null ? { kind: 'addresses', addresses: found } : { kind: 'refused', refusal };
}

/**
 * The check on save. A name that does not resolve (yet) is not refused: sending checks again.
 * The message tells which ROWHOOK_ALLOW_TARGETS opens the target, where one does.
 */
export async function checkTarget(
  url: string,
  options: GuardOptions & { readonly resolve?: boolean; readonly timeoutMs?: number },
): Promise<Refusal | null> {
  const policy = targetPolicy(options);
  const refusal = checkUrl(url, policy);
  if (refusal !== null || options.resolve === false) return refusal;
  const giveUp = Promise.withResolvers<null>();
  const timer = setTimeout(() => giveUp.resolve(null), options.timeoutMs ?? 5_000);
  try {
    const resolution = await Promise.race([
      resolveTarget(new URL(url), policy, options.lookup ?? createLookup(policy.allow)),
      giveUp.promise,
    ]);
    return resolution?.kind === 'refused' ? resolution.refusal : null;
  } finally {
    clearTimeout(timer);
  }
}

/** The host as a name without its last dot, or an address without brackets. */
export function bareHost(target: URL): string {
  return target.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

function isNamed({ allow }: TargetPolicy, host: string): boolean {
  return isIP(host) === 0 ? allow.hosts.has(host) : allowsAddress(allow, host);
}

// RFC 6761 keeps every name below localhost for the loopback.
function checkName(hostname: string): Refusal | null {
  const name = hostname.replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) {
    return refuse(`${name} is not public; to call it, ${openedBy(name)}`);
  }
  if (!name.includes('.')) return refuse(`${name} is not a full public name; to call it, ${openedBy(name)}`);
  return hostname === name ? null : refuse(`the dot at the end of ${hostname} is refused: leave it out`);
}

function checkAddress(address: string): Refusal | null {
  return isForbidden(address) ? refuse(`${address} is not public; to call it, ${openedBy(address)}`) : null;
}

function checkAddresses(
  host: string,
  found: readonly LookupAddress[],
  { allow }: TargetPolicy,
): Refusal | null {
  const closed = found.filter(({ address }) => isForbidden(address) && !allowsAddress(allow, address));
  if (closed.some(({ address }) => isGuarded(address))) {
    return refuse(
      `${host} resolves to a link-local or metadata address; only naming that address itself opens it`,
    );
  }
  if (closed.length === 0 || allow.hosts.has(host)) return null;
  return refuse(`${host} resolves to an address that is not public; to call it, ${openedBy(host)}`);
}

/** All addresses, or the code of the resolver's error. Never throws. */
function lookupAll(host: string, lookup: LookupFunction): Promise<LookupAddress[] | string> {
  return new Promise((resolve) => {
    const onFound: Parameters<LookupFunction>[2] = (error, found, family) => {
      if (error !== null) return resolve(error.code ?? 'EAI_FAIL');
      const all = typeof found === 'string' ? [{ address: found, family: family ?? isIP(found) }] : found;
      const valid = all.every(({ address }) => isIP(address) !== 0);
      resolve(all.length > 0 && valid ? all : 'ENODATA');
    };
    try {
      lookup(host, { all: true }, onFound);
    } catch {
      resolve('ENOTFOUND');
    }
  });
}

function openedBy(host: string): string {
  return `let the operator add it to the targets it allows: ROWHOOK_ALLOW_TARGETS=${host}`;
}

function singleScheme(target: URL): string {
  return target.protocol.slice(0, 40);
}

function refuse(message: string): Refusal {
  return { class: 'blocked_address', message };
}
