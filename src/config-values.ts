/** The forms of the environment's values: pure, null (or a sentence) for what is not one, and no error that carries a value. */
import { isIP } from 'node:net';

const booleans = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

export function parseBoolean(value: string): boolean | null {
  return booleans.get(value.toLowerCase()) ?? null;
}

/** https://www.postgresql.org/docs/current/logicaldecoding-explanation.html: letters, digits and underscores, 63 bytes. */
export function parseSlot(value: string): string | null {
  return /^[a-z0-9_]{1,63}$/.test(value) ? value : null;
}

export function oneOf<T extends string>(values: readonly T[]): (value: string) => T | null {
  return (value) => values.find((each) => each === value.toLowerCase()) ?? null;
}

export function parseListen(value: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(value);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535) return null;
  return match?.[1] !== undefined && isIP(host) !== 6 ? null : { host, port };
}

/** With a final slash. A path in front of the API's own is allowed, as behind a proxy; a token has no place in it. */
export function parseApiUrl(value: string): string | null {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return null;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null;
  return url.href.endsWith('/') ? url.href : `${url.href}/`;
}

export function parseKey(value: string): Buffer | null {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(value)) return null;
  const key = Buffer.from(value, 'base64');
  return key.length === 32 ? key : null;
}

/** As a browser says it of a page: https://app.example.com, http://localhost:3000. */
export function parseOrigin(value: string): string | null {
  const url = URL.parse(value);
  const isPlain =
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return isPlain && (value === url.origin || value === `${url.origin}/`) ? url.origin : null;
}

/**
 * A form that every part reads alike: postgres://user@/erp?host=/run/postgresql (a socket) gets the host that URLs need
 * and the parameter overrides. The URL parser's own error carries the whole value, password included: it is not passed on.
 */
export function parseDatabaseUrl(value: string): { url: string } | { problem: string } {
  if (!/^postgres(ql)?:\/\//.test(value)) return { problem: 'must begin with postgres:// or postgresql://' };
  try {
    const url = new URL(value.replace('@/', '@localhost/'));
    decodeURIComponent(url.username + url.password + url.hostname);
    decodeURI(url.pathname);
    return { url: url.href };
  } catch {
    const advice =
      'a user name or password with special characters must be percent-encoded (@ is %40, / is %2F)';
    return { problem: `is not a valid URL; ${advice}` };
  }
}
