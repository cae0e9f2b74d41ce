/** `rowhook webhook test <id>`: one POST now, by the code that sends deliveries, with a row as real as there is. */
import type { Command } from 'commander';
import { ExitError } from '../../exit-error.ts';
import type { TestResult } from '../../test-send.ts';
import { addBackendOption, openBackend, type BackendOptions } from '../backend/open.ts';
import { addExample, addJsonOption } from '../context.ts';
import type { CliContext } from '../context.ts';
import { formatJson, printable } from '../output.ts';

export function addTest(parent: Command, context: CliContext): void {
  const command = parent
    .command('test')
    .description(
      'send one POST to a webhook now, marked as a test and counted nowhere; exit code 1 when it fails',
    )
    .argument('<id>', 'the webhook, as `rowhook webhook list` shows it')
    .action(async (id: string, options: BackendOptions & { readonly json?: true }) => {
      const backend = openBackend(context, options);
      const result = await backend.testWebhook(id);
      context.write(options.json === true ? formatJson(result) : format(result));
      if (!result.isDelivered) {
        const remedy = backend.sendsItself ? remedyOf(result) : undefined;
        throw new ExitError('the test was not delivered', { exitCode: 1, remedy });
      }
    });
  addJsonOption(addBackendOption(command));
  addExample(command, 'rowhook webhook test wh_1', 'rowhook webhook test wh_1 --json');
}

function remedyOf({ outcome }: TestResult): string | undefined {
  const isOpenedBySetting = outcome.startsWith('blocked_address') && outcome.includes('ROWHOOK_');
  return isOpenedBySetting
    ? 'Set it for this command and for the service: without --api it is this command that sends.'
    : undefined;
}

const samples: Readonly<Record<TestResult['sample'], string>> = {
  'delivery log': 'a row that was sent not long ago',
  table: 'a row of the table',
  columns: 'a row made up from the columns: this login may not read the table',
};

function format({ outcome, totalMs, firstByteMs, connectMs, answer, sentBody, sample }: TestResult): string {
  const times = [
    ...(connectMs === null ? [] : [`connected in ${connectMs.toFixed(1)} ms`]),
    ...(firstByteMs === null ? [] : [`first byte after ${firstByteMs.toFixed(1)} ms`]),
    `${totalMs.toFixed(1)} ms in all`,
  ];
  return [
    `${printable(outcome)} (${times.join(', ')})`,
    `sent: ${printable(sentBody)}`,
    `      (${samples[sample]})`,
    ...(answer === null ? [] : [`answer: ${printable(answer)}`]),
  ].join('\n');
}
