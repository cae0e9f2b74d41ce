/** `rowhook forget`: what the delivery log holds of one record; only `--yes` removes it. */
import type { Command } from 'commander';
import { counted } from '../checks/check.ts';
import { forget, type Forgotten } from '../database/deliveries.ts';
import { withDatabase } from '../database/open-database.ts';
import { shellWord } from '../shell-word.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

interface Options {
  readonly yes?: true;
  readonly json?: true;
}

export function addForget(program: Command, context: CliContext): void {
  const command = program
    .command('forget')
    .description(
      'remove the bodies and answers of one record’s deliveries from the delivery log; without --yes only count them',
    )
    .argument('<table>', 'the table, by the name it was enabled under')
    .argument('<key>', 'the record’s key, as `rowhook deliveries` shows it; of several columns: (a,b)')
    .option('--yes', 'do it: they do not come back')
    .action(async (table: string, key: string, options: Options) => {
      const { databaseUrl } = readConfiguration(context);
      const isDone = options.yes === true;
      const found = await withDatabase({ databaseUrl }, (db) => forget(db, { table, key, isDone }));
      if (options.json === true) context.write(formatJson({ done: isDone, ...found }));
      else context.write(describe(found, `${shellWord(table)} ${shellWord(key)}`, isDone));
    });
  addJsonOption(command);
  addExample(command, 'rowhook forget salesOrder so1', `rowhook forget orderLine '(so1,3)' --yes`);
}

function describe({ deliveries, waiting }: Forgotten, record: string, isDone: boolean): string {
  const rows = counted(deliveries, 'row');
  const first = isDone
    ? `removed bodies and answers from ${rows} of the delivery log`
    : `bodies or answers of ${record} are in ${rows} of the delivery log`;
  const also =
    waiting === 0
      ? []
      : [`${waiting} of its deliveries still wait to be sent: they are left alone, and logged when they end`];
  const advice =
    isDone || deliveries === 0 ? [] : [`nothing was changed; to do it: rowhook forget ${record} --yes`];
  return [first, ...also, ...advice].join('\n');
}
