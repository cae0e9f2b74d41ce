// Who asks, and whether they may: the operator's token, a company's token, or, while no token is configured, this machine alone. Invariant:
// a token is compared in constant time, never logged, and taken from the Authorization header only.
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { checkCompanyToken } from '../company-token.ts';
import { Problem } from './problem.ts';

export type Principal =
  | { readonly kind: 'operator' }
  | { readonly kind: 'company'; readonly companyId: string; readonly expiresAtMs: number };

/** Of a request. */
export interface Asking {
  readonly remoteAddress: string;
  readonly isWrite: boolean;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly contentType: string | undefined;
  /** It came through a proxy that says so. */
  readonly isForwarded: boolean;
}

export interface AccessOptions {
  readonly adminToken: string | undefined;
  readonly tokenSecret: string | undefined;
  /** Of the address that is listened on. */
  readonly isLoopback: boolean;
  /** Milliseconds. */
  now(): number;
}

/** So many wrong tokens from one address in a minute are told what is wrong with them. */
const maxFailures = 10;
const forgetFailuresMs = 60_000;
const maxAddresses = 10_000;

interface Failures {
  count: number;
  sinceMs: number;
}

export class Access {
  readonly #options: AccessOptions;
  readonly #failures = new Map<string, Failures>();

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** Without any token nobody but this machine is answered, and an address that others reach has no API at all. */
  get isOpen(): boolean {
    return this.#hasTokens || this.#options.isLoopback;
  }

  get #hasTokens(): boolean {
    const { adminToken, tokenSecret } = this.#options;
    return adminToken !== undefined || tokenSecret !== undefined;
  }

  /** For what is no secret. @throws {Problem} 403 where nobody may ask for anything. */
  requireVisitor(asking: Asking): void {
    if (!this.isOpen) throw new Problem(403, noTokens);
    if (!this.#hasTokens) byPlace(asking);
  }

  /** @throws {Problem} 401, 403 or 429. */
  async principal(asking: Asking): Promise<Principal> {
    if (!this.isOpen) throw new Problem(403, noTokens);
    if (asking.isWrite && !isJson(asking.contentType)) {
      throw new Problem(
        415,
        'A request that changes something has the header Content-Type: application/json.',
      );
    }
    return this.#hasTokens ? await this.#byToken(asking) : byPlace(asking);
  }

  async #byToken({ authorization, remoteAddress }: Asking): Promise<Principal> {
    if (authorization === undefined) throw unauthorized('This needs a token: Authorization: Bearer <token>.');
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
    if (token === undefined) {
      throw this.#failed(remoteAddress, 'The Authorization header is not: Bearer <token>.');
    }
    const { adminToken, tokenSecret } = this.#options;
    if (adminToken !== undefined && isSame(token, adminToken)) return { kind: 'operator' };
    if (tokenSecret === undefined) throw this.#failed(remoteAddress, 'The token is not valid here.');
    const checked = await checkCompanyToken(token, tokenSecret);
    if ('companyId' in checked) return { kind: 'company', ...checked };
    const detail = `${checked.problem[0]?.toUpperCase() ?? ''}${checked.problem.slice(1)}.`;
    throw checked.isForged ? this.#failed(remoteAddress, detail) : unauthorized(detail);
  }

  // Only wrong tokens are counted, and only they are refused for it: behind a proxy everybody has one address.
  #failed(address: string, detail: string): Problem {
    const nowMs = this.#options.now();
    const known = this.#failures.get(address);
    const failures =
      known !== undefined && known.sinceMs + forgetFailuresMs > nowMs ? known : { count: 0, sinceMs: nowMs };
    failures.count += 1;
    if (this.#failures.size >= maxAddresses) this.#failures.clear();
    this.#failures.set(address, failures);
    if (failures.count <= maxFailures) return unauthorized(detail);
    const seconds = Math.ceil((failures.sinceMs + forgetFailuresMs - nowMs) / 1000);
    const tooMany = `Too many wrong tokens came from this address. Try again in ${seconds} s.`;
    return new Problem(429, tooMany, { headers: { 'retry-after': String(seconds) } });
  }
}

const noTokens =
  'No token is configured, so this address serves /livez and /readyz only. Set ROWHOOK_ADMIN_TOKEN or ROWHOOK_TOKEN_SECRET.';

function unauthorized(detail: string): Problem {
  return new Problem(401, detail, { headers: { 'www-authenticate': 'Bearer' } });
}

// A page in the operator's browser reaches this address too: under another name, or from another origin.
function byPlace({ remoteAddress, host, origin, isForwarded }: Asking): Principal {
  if (!isLoopbackAddress(remoteAddress) || isForwarded) throw new Problem(403, noTokens);
  const authority = host === undefined ? null : URL.parse(`http://${host}`);
  if (authority === null || !isLoopbackHost(authority.hostname)) {
    throw new Problem(403, 'Without a token the Host header has to be localhost or a loopback address.');
  }
  if (origin !== undefined && origin !== `http://${host ?? ''}`) {
    throw new Problem(403, 'Without a token a page of another origin is not answered.');
  }
  return { kind: 'operator' };
}

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || isLoopbackAddress(host.replace(/^\[(.*)\]$/, '$1'));
}

function isLoopbackAddress(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'));
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(contentType);
}

// Digests have one length, whatever the tokens have.
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
