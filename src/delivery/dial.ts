/**
 * The one place that opens connections: check the target, resolve it once, connect to exactly the addresses that were
 * checked, compare the peer's address, then TLS. Not one byte of a request is written here, so a failure is certain.
 */
import type { LookupAddress } from 'node:dns';
import { closeSync, openSync } from 'node:fs';
import {
  connect as connectTcp,
  isIP,
  type LookupFunction,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from 'node:net';
import { devNull } from 'node:os';
import { connect as connectTls } from 'node:tls';
import { bareHost, checkUrl, resolveTarget, type TargetPolicy } from './address-guard.ts';
import type { DialTimes } from './attempt-trace.ts';
import { canonicalAddress } from './ip-ranges.ts';
import type { FailureClass } from './outcome.ts';

export interface DialOptions {
  readonly policy: TargetPolicy;
  readonly lookup: LookupFunction;
  readonly signal: AbortSignal;
  readonly times?: DialTimes | undefined;
  /** Where a plain connection puts what it reads, instead of emitting 'data'; one with TLS emits it. */
  readonly onread?: OnReadOpts | undefined;
  /** Replaced by tests only. */
  readonly connect?: ((options: TcpNetConnectOpts) => Socket) | undefined;
}

/** Why no connection was opened. It has no `code`: undici reads some codes as "try again". */
export class DialError extends Error {
  readonly class: FailureClass;
  readonly detail: string;
  /** Nothing is wrong with the target: this process has no file descriptor left. */
  readonly isOutOfDescriptors: boolean;

  constructor(failureClass: FailureClass, detail: string, isOutOfDescriptors = false) {
    super(`${failureClass} ${detail}`);
    this.class = failureClass;
    this.detail = detail;
    this.isOutOfDescriptors = isOutOfDescriptors;
  }
}

/**
 * An open socket to the origin, after the TLS handshake where the scheme asks for it.
 * @throws {DialError} and nothing else; also when `signal` aborts, which destroys what was begun.
 */
export async function dial(origin: URL, options: DialOptions): Promise<Socket> {
  const { times } = options;
  const refusal = checkUrl(origin.href, options.policy);
  if (refusal !== null) throw new DialError(refusal.class, refusal.message);
  if (isIP(bareHost(origin)) === 0) times?.begin('dnsMs');
  const resolution = await resolveTarget(origin, options.policy, options.lookup);
  if (options.signal.aborted) throw new DialError('timeout', 'while resolving the name');
  if (resolution.kind === 'refused') throw new DialError('blocked_address', resolution.refusal.message);
  if (resolution.kind === 'unresolved') throw unresolved(resolution.code, bareHost(origin));
  const isTls = origin.protocol === 'https:';
  const port = Number(origin.port === '' ? (isTls ? 443 : 80) : origin.port);
  const addresses = [4, 6].flatMap((family) => firstOf(resolution.addresses, family));
  const lookup: LookupFunction = (_host, _options, done) => done(null, addresses);
  const onread = isTls ? undefined : options.onread;
  const tcpOptions = { host: bareHost(origin), port, lookup, ...socketOptions, ...(onread && { onread }) };
  times?.begin('connectMs');
  const socket = (options.connect ?? connectTcp)(tcpOptions);
  options.signal.addEventListener('abort', () => socket.destroy(), { once: true });
  await opened(socket, 'connect', connectFailure);
  // A peer that hung up at once leaves no address behind.
  if (socket.remoteAddress === undefined) {
    socket.destroy();
    throw new DialError('reset', 'the connection was cut as soon as it was there');
  }
  if (!isChecked(socket.remoteAddress, addresses)) {
    socket.destroy();
    throw new DialError('blocked_address', 'the connection led to an address that was not checked');
  }
  if (isTls) times?.begin('tlsMs');
  const open = isTls ? await encrypt(socket, origin) : socket;
  times?.end();
  return open;
}

// A name may have thousands of addresses, of anybody: one delivery must not knock at all of them.
const maxAddressesOfFamily = 8;

function firstOf(addresses: readonly LookupAddress[], family: number): LookupAddress[] {
  return addresses.filter(({ address }) => isIP(address) === family).slice(0, maxAddressesOfFamily);
}

const socketOptions = { noDelay: true, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 500 } as const;

async function encrypt(socket: Socket, origin: URL): Promise<Socket> {
  const host = bareHost(origin);
  // No session cache: Node does not compare the certificate's name again when a session is resumed.
  const encrypted = connectTls({
    socket,
    host,
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
  });
  await opened(encrypted, 'secureConnect', (error) => new DialError('tls', tlsDetail(codeOf(error))));
  return encrypted;
}

// The listener for 'error' stays: until the HTTP client adds its own, an error must not reach the process. 'close' follows each error and
// each end, and an error that nobody waits for is not made.
function opened(socket: Socket, event: string, failure: (error: unknown) => DialError): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const fail = (error: unknown): void => {
      if (!isOver) reject(failure(error));
      isOver = true;
    };
    socket.once(event, () => {
      isOver = true;
      resolve();
    });
    socket.on('error', fail);
    socket.once('close', () => fail(undefined));
  });
}

function isChecked(remote: string, checked: readonly { readonly address: string }[]): boolean {
  return checked.some(({ address }) => canonicalAddress(address) === canonicalAddress(remote));
}

// The message of such an error holds the address ("connect ECONNREFUSED 10.0.0.5:443"), its code does not.
function connectFailure(error: unknown): DialError {
  const code = codeOf(error);
  if (code === 'ETIMEDOUT') return new DialError('timeout', 'ETIMEDOUT while connecting');
  if (code === 'EMFILE' || code === 'ENFILE') return outOfDescriptors(code);
  return new DialError('refused', code === '' ? 'the connection was closed while it was opened' : code);
}

// A question for a name needs a descriptor too, and the resolver says of one that it did not get what it says of a server that is away.
function unresolved(code: string, host: string): DialError {
  try {
    closeSync(openSync(devNull, 'r'));
  } catch (error) {
    const reason = codeOf(error);
    if (reason === 'EMFILE' || reason === 'ENFILE') return outOfDescriptors(reason);
  }
  return new DialError('dns', `${code} ${host}`);
}

function outOfDescriptors(code: string): DialError {
  const remedy =
    'the service may open no more files or connections (raise its limit, ulimit -n); nothing was sent';
  return new DialError('refused', `${code}: ${remedy}`, true);
}

/** The code of a system, TLS or resolver error, or of the last of several attempts to connect. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors.at(-1));
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

const tlsReasons: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate comes from an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate comes from an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate chain is incomplete or from an unknown authority',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the port does not speak TLS',
};

function tlsDetail(code: string): string {
  if (code === '') return 'the connection was closed during the handshake';
  const reason = tlsReasons[code];
  return reason === undefined ? `${code} during the handshake` : `${code} (${reason})`;
}
