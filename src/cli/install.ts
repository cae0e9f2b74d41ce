/** `rowhook install`: schema, roles and publication, as far as they are missing. */
import type { Command } from 'commander';
import { explaining } from '../database/explain-error.ts';
import { install } from '../database/install.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

export function addInstall(program: Command, context: CliContext): void {
  const command = program
    .command('install')
    .description(
      'make or upgrade schema, roles and publication; run it as the owner of the database, with CREATEROLE',
    )
    .action(async (options: { readonly json?: true }) => {
      const { databaseUrl } = readConfiguration(context);
      const log = (line: string): void => (options.json === true ? context.warn(line) : context.write(line));
      const report = await explaining(databaseUrl, () => install({ databaseUrl, log }));
      if (options.json === true) context.write(formatJson(report));
    });
  addJsonOption(command);
  addExample(command, 'DATABASE_URL=postgres://dba:password@localhost:5432/erp rowhook install');
}
