/** `rowhook status`: one look at everything that must hold, each line that is not ok with its remedy. Changes nothing. */
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { lookAtDatabase } from '../database/open-database.ts';
import type { Database } from '../database/open-database.ts';
import { requiredSchemaVersion } from '../database/migrations.ts';
import {
  readFailingWebhooks,
  readLastLossAt,
  readLosses,
  readStart,
  readTables,
  readTerm,
} from '../database/status/installation.ts';
import { readPublication, readServer, readSlot } from '../database/status/server.ts';
import type { ExitError } from '../exit-error.ts';
import { failOnFailedChecks } from './checks.ts';
import type { Check } from './checks.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatChecks, formatJson } from './output.ts';
import { checkLosses, checkTables, checkWebhooks } from './status/installation-checks.ts';
import { checkLeader, checkPublication, checkServer, checkSlot } from './status/server-checks.ts';

const publicationName = 'rowhook';

export function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .description(
      'check server, slot, publication, tables, webhooks and losses; exit code 1 when a check fails',
    )
    .action(async (options: { readonly json?: true }) => {
      const config = readConfiguration(context);
      const checks = await lookAtDatabase(config, (db, problem) => readChecks(db, config, problem));
      const isOk = checks.every((each) => each.status !== 'fail');
      context.write(options.json === true ? formatJson({ ok: isOk, checks }) : formatChecks(checks));
      failOnFailedChecks(checks);
    });
  addJsonOption(command);
  addExample(command, 'rowhook status', 'rowhook status --json');
}

async function readChecks(
  db: Database,
  { slot: slotName }: Config,
  schemaProblem: ExitError | null,
): Promise<Check[]> {
  const server = await readServer(db);
  const slot = await readSlot(db, slotName);
  const start = schemaProblem === null ? await readStart(db) : null;
  const where = `Postgres ${server.version}, database ${server.database}, as ${server.login}`;
  const checks: Check[] = [
    { check: 'server', status: 'ok', detail: where, remedy: null },
    ...checkServer(server, slot === null && start === null),
  ];
  if (schemaProblem !== null) {
    const remedy = schemaProblem.remedy ?? null;
    return [...checks, { check: 'schema', status: 'fail', detail: schemaProblem.message, remedy }];
  }
  return [
    ...checks,
    { check: 'schema', status: 'ok', detail: `version ${requiredSchemaVersion()}`, remedy: null },
    checkPublication(publicationName, await readPublication(db, publicationName)),
    checkSlot(slotName, slot, { server, start }),
    checkLeader(slot, await readTerm(db)),
    ...(await readInstallationChecks(db)),
  ];
}

async function readInstallationChecks(db: Database): Promise<Check[]> {
  const tables = await readTables(db, publicationName);
  const failing = await readFailingWebhooks(db);
  const losses = await readLosses(db);
  return [
    ...checkTables(tables),
    checkWebhooks(tables, failing),
    checkLosses(losses, await readLastLossAt(db)),
  ];
}
