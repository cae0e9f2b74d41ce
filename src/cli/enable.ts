/** `rowhook enable`: the DBA lets a table be watched. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { withDatabase } from '../database/open-database.ts';
import { enableTable } from '../database/tables.ts';
import type { EnableOptions, SubscribableTable } from '../database/tables.ts';
import { shellWord } from '../shell-word.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

interface Options {
  readonly companyColumn?: string;
  readonly company: boolean;
  readonly name?: string;
  readonly module?: string;
  readonly label?: string;
  readonly replicaIdentity?: string;
  readonly logBodies?: boolean;
  readonly json?: true;
}

export function addEnable(program: Command, context: CliContext): void {
  const command = program
    .command('enable')
    .description('let webhooks watch a table; run it as the table’s owner, a member of rowhook_dba')
    .argument('<relation>', 'the table: salesOrder, erp.salesOrder or \'erp."Sales Order"\'')
    .option('--company-column <column>', 'the column that names a row’s company (default: companyId)')
    .addOption(
      new Option('--no-company', 'rows of this table belong to no company').conflicts('companyColumn'),
    )
    .option('--name <name>', 'the name webhooks and payloads use (default: the table’s own)')
    .option('--module <module>', 'the part of the application it belongs to, such as Sales')
    .option('--label <label>', 'what people call it, such as "Sales order"')
    .option('--replica-identity <identity>', 'full (default), keep, or an index with the company column')
    .option('--log-bodies', 'keep bodies and answers in the delivery log (as at first)')
    .option('--no-log-bodies', 'keep neither bodies nor answers of its deliveries in the delivery log')
    .action(async (relation: string, options: Options) => {
      const { databaseUrl } = readConfiguration(context);
      const access = { databaseUrl, onNotice: (message: string) => context.warn(message) };
      const table = await withDatabase(access, (db) =>
        enableTable(db, relation, toParameters(options), options.logBodies),
      );
      context.write(options.json === true ? formatJson(toJson(table)) : describe(table));
    });
  addJsonOption(command);
  addExample(
    command,
    'rowhook enable erp.salesOrder --module Sales --label "Sales order"',
    'rowhook enable erp.invoice --company-column tenant_id --name invoice',
    'rowhook enable erp.currency --no-company',
    'rowhook enable erp.employee --no-log-bodies',
  );
}

function toParameters(options: Options): EnableOptions {
  return {
    ...(options.companyColumn === undefined ? {} : { company_column: options.companyColumn }),
    ...(options.company ? {} : { company_column: null }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.module === undefined ? {} : { module: options.module }),
    ...(options.label === undefined ? {} : { label: options.label }),
    ...(options.replicaIdentity === undefined ? {} : { replica_identity: options.replicaIdentity }),
  };
}

function toJson(table: SubscribableTable): Record<string, unknown> {
  return {
    name: table.name,
    schema: table.schema_name,
    relation: table.relation_name,
    companyColumn: table.company_column,
    module: table.module,
    label: table.label,
    enabled: table.enabled,
    replicaIdentity: table.replica_identity,
    logBodies: table.log_bodies,
  };
}

function describe(table: SubscribableTable): string {
  const company =
    table.company_column === null
      ? 'its rows belong to no company'
      : `company column ${table.company_column}`;
  return (
    `enabled ${table.schema_name}.${table.relation_name} as "${table.name}" (${company}; replica identity ${table.replica_identity}${table.log_bodies ? '' : '; its bodies are not logged'})\n` +
    `next: rowhook webhook create --table ${shellWord(table.name)} …`
  );
}
