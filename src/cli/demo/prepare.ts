/** Everything that the demo's database needs before the service starts. Each step may be repeated at the next start. */
import { randomBytes } from 'node:crypto';
import {
  createSampleErp,
  enableSampleTables,
  ensureDatabase,
  ensureServiceLogin,
  openDemoDatabase,
} from '../../database/demo-database.ts';
import { install } from '../../database/install.ts';
import { activitySteps } from './activity.ts';
import { createRandom } from './random.ts';

const databaseName = 'erp_demo';
/** Enough for documents in every status. */
const stepsOfHistory = 250;

export interface PreparedDatabase {
  /** For people: may do everything. */
  readonly databaseUrl: string;
  /** For the service: may do what it may do in production. */
  readonly serviceUrl: string;
}

export async function prepareDatabase(
  adminUrl: string,
  write: (line: string) => void,
): Promise<PreparedDatabase> {
  const databaseUrl = await ensureDatabase(adminUrl, databaseName);
  await install({ databaseUrl, log: () => undefined });
  await using database = await openDemoDatabase(databaseUrl);
  if (await createSampleErp(database)) {
    write('Created the sample ERP: three companies, 13 tables that webhooks may watch.');
    const steps = activitySteps({ database, random: createRandom(1), onTrouble: () => undefined });
    for (let step = 0; step < stepsOfHistory; step++) await steps.next();
  }
  await enableSampleTables(database);
  const password = randomBytes(12).toString('hex');
  return { databaseUrl, serviceUrl: await ensureServiceLogin(database, { databaseUrl, password }) };
}
