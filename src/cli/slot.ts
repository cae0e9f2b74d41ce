/** `rowhook slot recreate` and `rowhook slot skip`: go on after what cannot be read, and write what was lost into the ledger. */
import type { Command } from 'commander';
import { acceptGap } from '../database/accept-gap.ts';
import { explaining } from '../database/explain-error.ts';
import { Session } from '../database/session.ts';
import { skipTransaction } from '../database/skip-transaction.ts';
import { ExitError } from '../exit-error.ts';
import { parseLsn, type Lsn } from '../lsn.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

interface Options {
  readonly acceptGap?: true;
  readonly json?: true;
}

export function addSlot(program: Command, context: CliContext): void {
  const slot = program.command('slot').description('the replication slot');
  addExample(slot, 'rowhook slot recreate --accept-gap', 'rowhook slot skip 16/B374D848 --accept-gap');
  addRecreate(slot, context);
  addSkip(slot, context);
}

function addRecreate(slot: Command, context: CliContext): void {
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

function addSkip(slot: Command, context: CliContext): void {
  const command = slot
    .command('skip')
    .description('go on after a transaction that Postgres cannot send; what it changed is never sent')
    .argument('<lsn>', 'where it committed, as the service says when it ends')
    .option('--accept-gap', 'required: says that you know that its changes are lost')
    .action(async (text: string, options: Options) => {
      const config = readConfiguration(context);
      const lsn = readLsn(text);
      if (options.acceptGap !== true) {
        throw new ExitError('What the transaction changed is then not sent to any webhook.', {
          exitCode: 2,
          remedy: `If that is accepted: rowhook slot skip ${text} --accept-gap`,
        });
      }
      const skipped = await explaining(config.databaseUrl, async () => {
        await using session = newSession(context, config.databaseUrl);
        return await skipTransaction({ session, slot: config.slot, lsn });
      });
      context.write(
        options.json === true
          ? formatJson(skipped)
          : `slot ${skipped.slot} goes on after the transaction at ${skipped.lsn} (${skipped.committedAt}): what it changed is lost\n` +
              `(rowhook.loss has a row with reason "gap" for each of ${skipped.webhooks} webhooks); go on with: rowhook start`,
      );
    });
  addJsonOption(command);
  addExample(command, 'rowhook slot skip 16/B374D848 --accept-gap');
}

function readLsn(text: string): Lsn {
  try {
    return parseLsn(text);
  } catch (error) {
    throw new ExitError(`"${text}" is not a position in the log.`, {
      exitCode: 2,
      remedy: 'It looks like 16/B374D848; the service says it when it ends with exit code 3.',
      cause: error,
    });
  }
}

async function recreate(
  context: CliContext,
  { databaseUrl, slot }: { readonly databaseUrl: string; readonly slot: string },
): ReturnType<typeof acceptGap> {
  await using session = newSession(context, databaseUrl);
  return await acceptGap({ session, databaseUrl, slot, onWaiting: (message) => context.warn(message) });
}

function newSession(context: CliContext, databaseUrl: string): Session {
  return new Session({
    databaseUrl,
    applicationName: 'rowhook-cli',
    stop: new AbortController().signal,
    onTrouble: (error) => {
      context.warn(error.message);
    },
  });
}
