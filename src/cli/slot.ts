/** `rowhook slot recreate --accept-gap`: goes on after a lost slot, and writes what was lost into the ledger. */
import type { Command } from 'commander';
import { acceptGap } from '../database/accept-gap.ts';
import { explaining } from '../database/explain-error.ts';
import { Session } from '../database/session.ts';
import { ExitError } from '../exit-error.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

interface Options {
  readonly acceptGap?: true;
  readonly json?: true;
}

export function addSlot(program: Command, context: CliContext): void {
  const slot = program.command('slot').description('the replication slot');
  addExample(slot, 'rowhook slot recreate --accept-gap');
  const command = slot
    .command('recreate')
    .description('make a new slot after one was lost; what was committed meanwhile is never sent')
    .option('--accept-gap', 'required: says that you know that changes are lost')
    .action(async (options: Options) => {
      const config = readConfiguration(context);
      if (options.acceptGap !== true) {
        throw new ExitError('A new slot skips everything that was committed since the old one was read.', {
          exitCode: 2,
          remedy: 'If that is accepted: rowhook slot recreate --accept-gap',
        });
      }
      const gap = await explaining(config.databaseUrl, async () => await recreate(context, config));
      context.write(
        options.json === true
          ? formatJson(gap)
          : `${gap.wasDropped ? `the old slot ${gap.slot} was dropped\n` : ''}slot ${gap.slot} made, epoch ${gap.epoch}: what was committed between ${gap.fromLsn} and ${gap.toLsn} is lost\n` +
              `(rowhook.loss has a row with reason "gap" for each of ${gap.webhooks} webhooks); go on with: rowhook start`,
      );
    });
  addJsonOption(command);
  addExample(command, 'rowhook slot recreate --accept-gap');
}

async function recreate(
  context: CliContext,
  { databaseUrl, slot }: { readonly databaseUrl: string; readonly slot: string },
): ReturnType<typeof acceptGap> {
  await using session = new Session({
    databaseUrl,
    applicationName: 'rowhook-cli',
    stop: new AbortController().signal,
    onTrouble: (error) => {
      context.warn(error.message);
    },
  });
  return await acceptGap({ session, databaseUrl, slot, onWaiting: (message) => context.warn(message) });
}
