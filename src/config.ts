/**
 * The environment, read in one place through one schema: every problem is reported at once with its variable's name.
 * No message repeats a value that may hold a secret. Nothing else in the project reads process.env.
 */
import { z } from 'zod';
import {
  oneOf,
  parseApiUrl,
  parseBoolean,
  parseDatabaseUrl,
  parseKey,
  parseListen,
  parseOrigin,
  parseSlot,
} from './config-values.ts';
import { breakerModes, type BreakerSettings } from './breaker-settings.ts';
import { parseAllowTargets } from './delivery/allow-targets.ts';
import { ExitError } from './exit-error.ts';
import { failpointForm, parseFailpoint, type Failpoint } from './failpoint.ts';
import { nearestName } from './nearest-name.ts';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const deliveryLogs = ['all', 'errors', 'off'] as const;

export type LogLevel = (typeof logLevels)[number];

export interface Config {
  /** Empty where the caller asked for no database (`demo`). */
  readonly databaseUrl: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly slot: string;
  readonly adminToken?: string | undefined;
  readonly tokenSecret?: string | undefined;
  readonly encryptionKey?: Buffer | undefined;
  /** For commands: the service to ask instead of the database, with a final slash. */
  readonly apiUrl?: string | undefined;
  /** For commands: what they show to the API; the operator's or a company's. */
  readonly token?: string | undefined;
  /** Of pages that may show the console in a frame, and hand it a company's token. */
  readonly consoleOrigins: readonly string[];
  /** Hosts, addresses and CIDRs as written, trimmed. */
  readonly allowTargets: readonly string[];
  readonly allowHttp: boolean;
  readonly logLevel: LogLevel;
  readonly deliveryLog: (typeof deliveryLogs)[number];
  readonly deliveryLogDays: number;
  /** What one webhook may have stored; past it its oldest deliveries are dropped. */
  readonly backlog: { readonly maxCount: number; readonly maxBytes: number; readonly maxAgeMs: number };
  /** POSTs of all webhooks at a time. */
  readonly maxInFlight: number;
  readonly breaker: BreakerSettings;
  readonly natsUrl?: string | undefined;
  /** For tests only. */
  readonly failpoint?: Failpoint | undefined;
}

const text = z.string().optional();

function parsed<T>(fallback: T, parse: (value: string) => T | null, expected: string) {
  return text.transform((value, context): T => {
    if (value === undefined) return fallback;
    const result = parse(value);
    if (result !== null) return result;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

function parseCount(value: string): number | null {
  return /^[1-9]\d{0,14}$/.test(value) ? Number(value) : null;
}

const schema = z.object({
  DATABASE_URL: text.transform((value, context) => {
    if (value === undefined) return '';
    const result = parseDatabaseUrl(value);
    if ('url' in result) return result.url;
    context.addIssue({ code: 'custom', message: result.problem });
    return z.NEVER;
  }),
  ROWHOOK_LISTEN: parsed(
    { host: '127.0.0.1', port: 4470 },
    parseListen,
    'must be host:port, such as 127.0.0.1:4470, 0.0.0.0:4470 or [::1]:4470 (port 0 = any free one)',
  ),
  ROWHOOK_SLOT: parsed(
    'rowhook',
    parseSlot,
    'must be a slot name: 1 to 63 lower-case letters, digits and underscores',
  ),
  ROWHOOK_ADMIN_TOKEN: parsed<string | undefined>(
    undefined,
    (value) => (/^[\x21-\x7e]{16,}$/.test(value) ? value : null),
    'must have 16 characters or more, letters, digits and signs without spaces; make one with: openssl rand -base64 32',
  ),
  ROWHOOK_TOKEN_SECRET: parsed<string | undefined>(
    undefined,
    (value) => (value.length >= 32 ? value : null),
    'must have 32 characters or more; make one with: openssl rand -base64 32',
  ),
  ROWHOOK_ENCRYPTION_KEY: parsed<Buffer | undefined>(
    undefined,
    parseKey,
    'must be 32 bytes in base64; make one with: openssl rand -base64 32',
  ),
  ROWHOOK_API_URL: parsed<string | undefined>(
    undefined,
    parseApiUrl,
    'must be http or https and a host, without user, password, ? and #, such as https://rowhook.example.com',
  ),
  ROWHOOK_TOKEN: parsed<string | undefined>(
    undefined,
    (value) => (/^[\x21-\x7e]+$/.test(value) ? value : null),
    'must be a token as the API takes it: letters, digits and signs without spaces',
  ),
  ROWHOOK_CONSOLE_ORIGINS: text.transform((value, context) => {
    const entries = (value ?? '').split(',').map((entry) => entry.trim());
    return entries.flatMap((entry) => {
      if (entry === '') return [];
      const origin = parseOrigin(entry);
      if (origin !== null) return [origin];
      context.addIssue({
        code: 'custom',
        message: `has an entry that is no origin, such as https://app.example.com: ${entry}`,
      });
      return [];
    });
  }),
  ROWHOOK_ALLOW_TARGETS: text.transform((value, context) => {
    const entries = (value ?? '').split(',').map((entry) => entry.trim());
    const targets = entries.filter((entry) => entry !== '');
    for (const problem of parseAllowTargets(targets).problems) {
      context.addIssue({ code: 'custom', message: `has an entry that cannot be used: ${problem}` });
    }
    return targets;
  }),
  ROWHOOK_ALLOW_HTTP: parsed(false, parseBoolean, 'must be true, false, 1 or 0'),
  ROWHOOK_LOG_LEVEL: parsed<LogLevel>('info', oneOf(logLevels), `must be one of ${logLevels.join(', ')}`),
  ROWHOOK_DELIVERY_LOG: parsed<Config['deliveryLog']>(
    'all',
    oneOf(deliveryLogs),
    'must be all, errors or off',
  ),
  ROWHOOK_DELIVERY_LOG_DAYS: parsed(
    3,
    (value) => (/^[1-9]\d{0,3}$/.test(value) ? Number(value) : null),
    'must be a whole number of days, 1 to 9999',
  ),
  ROWHOOK_BACKLOG_MAX_ROWS: parsed(1_000_000, parseCount, 'must be a whole number of deliveries, 1 or more'),
  ROWHOOK_BACKLOG_MAX_BYTES: parsed(1024 ** 3, parseCount, 'must be a whole number of bytes, 1 or more'),
  ROWHOOK_BACKLOG_MAX_AGE_MS: parsed(
    3 * 24 * 60 * 60 * 1000,
    parseCount,
    'must be a whole number of milliseconds, 1 or more',
  ),
  ROWHOOK_MAX_IN_FLIGHT: parsed(
    1_000,
    (value) => (/^[1-9]\d{0,3}$|^10000$/.test(value) ? Number(value) : null),
    'must be a whole number of POSTs, 1 to 10000',
  ),
  ROWHOOK_BREAKER: parsed<BreakerSettings['mode']>('off', oneOf(breakerModes), 'must be off, wait or drop'),
  ROWHOOK_BREAKER_FAILURES: parsed(20, parseCount, 'must be a whole number of failures, 1 or more'),
  ROWHOOK_BREAKER_PROBE_MS: parsed(60_000, parseCount, 'must be a whole number of milliseconds, 1 or more'),
  NATS_URL: text,
  ROWHOOK_FAILPOINT: parsed<Failpoint | undefined>(undefined, parseFailpoint, failpointForm),
});

/** As `readConfig`, from this process' own environment. */
export function readEnvironment(options: { readonly needsDatabase: boolean }): {
  config: Config;
  warnings: string[];
} {
  return readConfig(process.env, options);
}

/**
 * Warnings are sentences for the log or stderr.
 * @throws {ExitError} code 2, naming every variable that is wrong.
 */
export function readConfig(
  env: NodeJS.ProcessEnv,
  { needsDatabase }: { readonly needsDatabase: boolean },
): { config: Config; warnings: string[] } {
  const present = Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== '');
  const result = schema.safeParse(Object.fromEntries(present.map(([name, value]) => [name, value?.trim()])));
  const problems = result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  const has = (wanted: string): boolean => present.some(([name]) => name === wanted);
  const isDatabaseMissing = needsDatabase && !has('DATABASE_URL');
  if (isDatabaseMissing) problems.unshift('DATABASE_URL is not set');
  if (!result.success || problems.length > 0) {
    throw configurationError(
      problems,
      isDatabaseMissing ? databaseRemedy(has('ROWHOOK_API_URL')) : undefined,
    );
  }
  const config = toConfig(result.data);
  const warnings = unknownVariables(present.map(([name]) => name));
  return { config, warnings: [...failpointWarning(config), ...warnings] };
}

function toConfig(values: z.output<typeof schema>): Config {
  return {
    databaseUrl: values.DATABASE_URL,
    listen: values.ROWHOOK_LISTEN,
    slot: values.ROWHOOK_SLOT,
    adminToken: values.ROWHOOK_ADMIN_TOKEN,
    tokenSecret: values.ROWHOOK_TOKEN_SECRET,
    encryptionKey: values.ROWHOOK_ENCRYPTION_KEY,
    apiUrl: values.ROWHOOK_API_URL,
    token: values.ROWHOOK_TOKEN,
    consoleOrigins: values.ROWHOOK_CONSOLE_ORIGINS,
    allowTargets: values.ROWHOOK_ALLOW_TARGETS,
    allowHttp: values.ROWHOOK_ALLOW_HTTP,
    logLevel: values.ROWHOOK_LOG_LEVEL,
    deliveryLog: values.ROWHOOK_DELIVERY_LOG,
    deliveryLogDays: values.ROWHOOK_DELIVERY_LOG_DAYS,
    backlog: {
      maxCount: values.ROWHOOK_BACKLOG_MAX_ROWS,
      maxBytes: values.ROWHOOK_BACKLOG_MAX_BYTES,
      maxAgeMs: values.ROWHOOK_BACKLOG_MAX_AGE_MS,
    },
    maxInFlight: values.ROWHOOK_MAX_IN_FLIGHT,
    breaker: {
      mode: values.ROWHOOK_BREAKER,
      failures: values.ROWHOOK_BREAKER_FAILURES,
      maxProbeMs: values.ROWHOOK_BREAKER_PROBE_MS,
    },
    natsUrl: values.NATS_URL,
    failpoint: values.ROWHOOK_FAILPOINT,
  };
}

function databaseRemedy(hasApi: boolean): string {
  const first = hasApi ? 'This command works on the database itself, not over ROWHOOK_API_URL.\n' : '';
  const other = hasApi ? '' : 'To ask a running service instead, set ROWHOOK_API_URL to its address.\n';
  return (
    `${first}Set DATABASE_URL to the database that rowhook works beside, for example\n` +
    '  DATABASE_URL=postgres://user:password@localhost:5432/erp\n' +
    `${other}To try rowhook without a database of your own, run: rowhook demo`
  );
}

function configurationError(problems: readonly string[], remedy: string | undefined): ExitError {
  const [first = ''] = problems;
  const message =
    problems.length === 1
      ? first
      : `the configuration has ${problems.length} problems:\n  ${problems.join('\n  ')}`;
  return new ExitError(message, { exitCode: 2, remedy });
}

function failpointWarning({ failpoint }: Config): string[] {
  if (failpoint === undefined) return [];
  const { step, signal, time } = failpoint;
  return [
    `ROWHOOK_FAILPOINT is set, which is for tests: ${signal} to this process at step "${step}", time ${time}`,
  ];
}

function unknownVariables(names: readonly string[]): string[] {
  const known = Object.keys(schema.shape);
  const unknown = names.filter((name) => name.startsWith('ROWHOOK_') && !known.includes(name));
  return unknown.map((name) => {
    const nearest = nearestName(name, known);
    return `unknown variable ${name} is ignored${nearest === null ? '' : `; did you mean ${nearest}?`}`;
  });
}
