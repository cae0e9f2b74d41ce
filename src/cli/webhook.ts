/** `rowhook webhook …`: run with the service's login, or any role that may write `rowhook.webhook`. */
import type { Command } from 'commander';
import { addExample } from './context.ts';
import type { CliContext } from './context.ts';
import { addCreate } from './webhook/create.ts';
import { addDelete } from './webhook/delete.ts';
import { addList } from './webhook/list.ts';
import { addTest } from './webhook/test.ts';
import { addUpdate } from './webhook/update.ts';

export function addWebhook(program: Command, context: CliContext): void {
  const command = program.command('webhook').description('list, create, update, test and delete webhooks');
  addList(command, context);
  addCreate(command, context);
  addUpdate(command, context);
  addTest(command, context);
  addDelete(command, context);
  addExample(command, 'rowhook webhook list', 'rowhook webhook create --help');
}
