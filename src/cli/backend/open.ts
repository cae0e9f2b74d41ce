/** Which way a command goes: over the API where its address is named, otherwise to the database. */
import { InvalidArgumentError, type Command } from 'commander';
import { readEnvironment } from '../../config.ts';
import { parseApiUrl } from '../../config-values.ts';
import { isLoopbackHost } from '../../http/access.ts';
import { readConfiguration, type CliContext } from '../context.ts';
import { apiBackend } from './api.ts';
import { apiClient } from './api-client.ts';
import type { Backend } from './backend.ts';
import { databaseBackend } from './database.ts';

export interface BackendOptions {
  readonly api?: string;
}

/** @throws {ExitError} code 2 for everything that is wrong with the environment. */
export function openBackend(context: CliContext, { api }: BackendOptions): Backend {
  const url = api ?? readEnvironment({ needsDatabase: false }).config.apiUrl;
  if (url === undefined) return databaseBackend(readConfiguration(context));
  const { adminToken, token = adminToken } = readConfiguration(context, { needsDatabase: false });
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' && token !== undefined && !isLoopbackHost(hostname)) {
    context.warn(`warning: the token goes to ${hostname} unencrypted; use https`);
  }
  return apiBackend(apiClient({ url, token }));
}

export function addBackendOption(command: Command): Command {
  return command
    .option('--api <url>', 'ask the service at this address instead of the database', parseAddress)
    .addHelpText(
      'after',
      [
        '',
        'Asks the service whose address --api or ROWHOOK_API_URL names, with the token in ROWHOOK_TOKEN or',
        'ROWHOOK_ADMIN_TOKEN; where neither names one, the database in DATABASE_URL.',
      ].join('\n'),
    );
}

function parseAddress(value: string): string {
  const url = parseApiUrl(value);
  if (url === null)
    throw new InvalidArgumentError('Use http or https and a host, such as https://rowhook.example.com.');
  return url;
}
