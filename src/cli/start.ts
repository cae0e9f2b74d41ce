/** `rowhook start`: the service, until a signal stops it. */
import type { Command } from 'commander';
import { readEnvironment } from '../config.ts';
import { createLogger } from '../logger.ts';
import { addExample } from './context.ts';
import type { CliContext } from './context.ts';

export function addStart(program: Command, context: CliContext): void {
  const command = program
    .command('start')
    .description('run the service: reads the slot and delivers webhooks until SIGTERM or SIGINT')
    .action(async () => {
      const { config, warnings } = readEnvironment({ needsDatabase: true });
      const logger = createLogger(config.logLevel);
      for (const warning of warnings) logger.warn(warning);
      const stop = context.stopSignal();
      const { runService } = await import('../service.ts');
      await runService({ config, logger, stop });
    });
  addExample(command, 'DATABASE_URL=postgres://rowhook:password@localhost:5432/erp rowhook start');
}
