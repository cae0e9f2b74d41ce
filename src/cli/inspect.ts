/** `rowhook inspect`: what enabling a table would need and cost. Changes nothing. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { withDatabase } from '../database/open-database.ts';
import { inspectTable } from '../database/tables.ts';
import { failOnFailedChecks } from './checks.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatChecks, formatJson } from './output.ts';

interface Options {
  readonly companyColumn?: string;
  readonly company: boolean;
  readonly json?: true;
}

export function addInspect(program: Command, context: CliContext): void {
  const command = program
    .command('inspect')
    .description(
      'check what enabling a table needs and costs; changes nothing; exit code 1 when a check fails',
    )
    .argument('<relation>', 'the table, as for enable')
    .option('--company-column <column>', 'the column that names a row’s company (default: companyId)')
    .addOption(
      new Option('--no-company', 'rows of this table belong to no company').conflicts('companyColumn'),
    )
    .action(async (relation: string, options: Options) => {
      const { databaseUrl } = readConfiguration(context);
      const companyColumn = options.company ? options.companyColumn : null;
      const checks = await withDatabase({ databaseUrl }, (db) => inspectTable(db, relation, companyColumn));
      context.write(options.json === true ? formatJson(checks) : formatChecks(checks, context));
      failOnFailedChecks(checks);
    });
  addJsonOption(command);
  addExample(
    command,
    'rowhook inspect erp.salesOrder',
    'rowhook inspect erp.invoice --company-column tenant_id',
  );
}
