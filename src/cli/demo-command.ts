/** `rowhook demo`: everything on this machine, nothing to configure. Its parts are loaded only when it is asked for. */
import type { Command } from 'commander';
import { addExample } from './context.ts';
import type { CliContext } from './context.ts';

export function addDemo(program: Command, context: CliContext): void {
  const command = program
    .command('demo')
    .description(
      'try it: an embedded Postgres, a sample ERP, a receiver and the service, with a line per delivery',
    )
    .action(async () => {
      const { demo } = await import('./demo.ts');
      await demo({ stop: context.stopSignal(), write: (text) => context.write(text) });
    });
  addExample(command, 'rowhook demo');
}
