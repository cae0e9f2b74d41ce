/**
 * How names become addresses. Those that the operator named himself, as the system does it: hosts file, search domains, whatever is
 * installed. All others by DNS alone and without a thread: a tenant's names whose servers hang delay nobody else's (docs/decisions/0014).
 */
import { lookup as systemLookup, Resolver, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { AllowTargets } from './allow-targets.ts';

type Questions = Pick<Resolver, 'resolve4' | 'resolve6'>;
type Found = readonly LookupAddress[] | { readonly code: string };

// Two tries of each server of resolv.conf end well within the ten seconds of a delivery.
const questionOptions = { timeout: 1_500, tries: 2 };
// resolv.conf may change while we run.
const freshForMs = 30_000;
// Once there are addresses of one family (RFC 8305 3). Some servers never answer questions for the other.
const otherFamilyMs = 500;

export interface LookupOptions {
  /** Replaced by tests, as the system's lookup is. */
  readonly newResolver?: () => Questions;
  readonly system?: LookupFunction;
}

/** Gives all addresses, IPv4 first, whatever the caller asked for. */
export function createLookup(allow: AllowTargets, options: LookupOptions = {}): LookupFunction {
  const { newResolver = () => new Resolver(questionOptions), system = systemLookup } = options;
  let resolver: Questions | null = null;
  let madeAtMs = 0;
  return (host, lookupOptions, callback) => {
    if (allow.hosts.has(host)) {
      system(host, lookupOptions, callback);
      return;
    }
    if (resolver === null || performance.now() - madeAtMs > freshForMs) {
      resolver = newResolver();
      madeAtMs = performance.now();
    }
    ask(resolver, host, (found) => {
      if ('code' in found) callback(Object.assign(new Error(found.code), found), []);
      else callback(null, [...found]);
    });
  };
}

function ask(resolver: Questions, host: string, done: (found: Found) => void): void {
  let v4: Found | null = null;
  let v6: Found | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    if (timer !== null) clearTimeout(timer);
    done(joined(v4, v6));
  };
  const answered = (): void => {
    if (v4 !== null && v6 !== null) finish();
    else timer = isAddresses(v4) || isAddresses(v6) ? setTimeout(finish, otherFamilyMs) : null;
  };
  resolver.resolve4(host, (error, addresses) => {
    v4 = foundBy(error, addresses, 4);
    answered();
  });
  resolver.resolve6(host, (error, addresses) => {
    v6 = foundBy(error, addresses, 6);
    answered();
  });
}

function foundBy(
  error: NodeJS.ErrnoException | null,
  addresses: readonly string[] | undefined,
  family: 4 | 6,
): Found {
  if (error !== null) return { code: error.code ?? 'EAI_FAIL' };
  return (addresses ?? []).map((address) => ({ address, family }));
}

function isAddresses(found: Found | null): found is readonly LookupAddress[] {
  return Array.isArray(found) && found.length > 0;
}

const isMissing = new Set(['ENODATA', 'ENOTFOUND']);

// That a family has no addresses says nothing about the name while the other has some, or could not be asked.
function joined(v4: Found | null, v6: Found | null): Found {
  const addresses = [v4, v6].filter(isAddresses).flat();
  if (addresses.length > 0) return addresses;
  const codes = [v4, v6].flatMap((found) => (found !== null && 'code' in found ? [found.code] : []));
  return {
    code:
      codes.find((code) => !isMissing.has(code)) ?? codes.find((code) => code === 'ENOTFOUND') ?? 'ENODATA',
  };
}
