/** `rowhook token`: a company's token for the API, as an application that knows the secret makes it too. Touches no database. */
import { InvalidArgumentError, type Command } from 'commander';
import { longestTokenSeconds, signCompanyToken } from '../company-token.ts';
import { ExitError } from '../exit-error.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

interface Options {
  readonly company?: string;
  readonly expires: number;
  readonly json?: true;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

export function addToken(program: Command, context: CliContext): void {
  const command = program
    .command('token')
    .description("make a company's token for the API: it sees and changes that company's webhooks only")
    .option('--company <id>', 'the company')
    .option('--expires <time>', 'how long it is valid: 30s, 15m or 1h, 24h at most', parseTime, 3_600)
    .action(async ({ company, expires, json }: Options) => {
      const config = readConfiguration(context, { needsDatabase: false });
      if (company === undefined || company === '') {
        throw new ExitError('--company is missing: whose token is it?', {
          exitCode: 2,
          remedy: 'See: rowhook token --help',
        });
      }
      const secret = config.tokenSecret;
      if (secret === undefined) {
        throw new ExitError('ROWHOOK_TOKEN_SECRET is not set: nothing to sign the token with', {
          exitCode: 2,
          remedy: 'Set it to the value that the service has, 32 characters or more: openssl rand -base64 32',
        });
      }
      const token = await signCompanyToken(company, { secret, seconds: expires });
      const expiresAt = new Date(Date.now() + expires * 1000).toISOString();
      context.write(json === true ? formatJson({ token, companyId: company, expiresAt }) : token);
    });
  addJsonOption(command);
  addExample(command, 'rowhook token --company abc123', 'rowhook token --company abc123 --expires 15m');
}

function parseTime(value: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smh])$/.exec(value) ?? [];
  const seconds = Number(digits) * (unitSeconds[unit] ?? 0);
  if (seconds < 1 || seconds > longestTokenSeconds) {
    throw new InvalidArgumentError('Use a time such as 30s, 15m or 1h; 24h at most.');
  }
  return seconds;
}
