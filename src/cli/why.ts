/** `rowhook why <table> <key>`: what became of each recent change of a record, for each webhook of its table. */
import type { Command } from 'commander';
import type { Explanation } from '../webhooks/why.ts';
import { addBackendOption, openBackend, type BackendOptions } from './backend/open.ts';
import { addExample, addJsonOption } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson, printable } from './output.ts';

export function addWhy(program: Command, context: CliContext): void {
  const command = program
    .command('why')
    .description('say for each recent change of a record which webhook got it, and why another did not')
    .argument('<table>', 'the table, by the name it was enabled under')
    .argument('<key>', 'the value of its key; of several columns: (a,b)')
    .action(async (table: string, key: string, options: BackendOptions & { readonly json?: true }) => {
      const explanation = await openBackend(context, options).why({ table, key });
      context.write(options.json === true ? formatJson(explanation) : format(explanation));
    });
  addJsonOption(addBackendOption(command));
  addExample(command, 'rowhook why salesOrder so1', 'rowhook why orderLine "(so1,3)" --json');
}

function format({ table, key, notes, changes }: Explanation): string {
  const blocks = changes.map(({ changeId, at, type, decisions, omitted }) => {
    const who = decisions.map((each) => [
      `${each.webhookName ?? '(gone)'} (${each.webhookId}, ${each.companyId ?? 'all companies'})`,
      each.sentence,
    ]);
    const width = Math.max(...who.map(([name = '']) => name.length));
    const lines = who.map(
      ([name = '', sentence = '']) => `  ${printable(name).padEnd(width)}  ${printable(sentence)}`,
    );
    const more = omitted === 0 ? [] : [`  and ${omitted} more webhooks of this table that got nothing of it`];
    return [`${at}  ${type ?? '-'}  ${changeId}`, ...lines, ...more].join('\n');
  });
  return [`${printable(table)} ${printable(key)}`, ...notes, ...blocks.map((block) => `\n${block}`)].join(
    '\n',
  );
}
