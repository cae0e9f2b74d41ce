/** What is left when a start is interrupted: signals go to the whole process group, as those of a terminal do. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { skipOnOtherMajors } from './support/test-postgres.ts';
import { waitUntil, within } from './support/wait.ts';

beforeEach(skipOnOtherMajors);

const prefix = `rowhook-test-interrupted-${randomUUID()}`;
const module = join(import.meta.dirname, '../src/embedded-postgres.ts');

/** What there is of the data folder, and of what is made beside it: paths below the temporary folder. */
async function remains(dataDir: string): Promise<string[]> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(basename(dataDir)));
  const inside = names.map(async (name) => {
    const entries = await readdir(join(tmpdir(), name), { recursive: true }).catch(() => []);
    return [name, ...entries.map((entry) => join(name, entry))];
  });
  return (await Promise.all(inside)).flat();
}

interface Starting {
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** What it has written to stdout and stderr. */
  readonly output: () => string;
}

/** Starts a Postgres; with `then` as the rest of the program. */
function startHolder({ persistent, then }: { persistent: boolean; then: string }): Starting {
  const dataDir = join(tmpdir(), `${prefix}-${randomUUID()}`);
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)};
    ${then}
    await using postgres = await startEmbeddedPostgres(${JSON.stringify({ dataDir, persistent })});
    console.log('started');
    await (globalThis.interrupted ?? new Promise((resolve) => setInterval(() => undefined, 1000)));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  return { dataDir, process: child, output: () => output };
}

function signalGroup({ process: child }: Starting, signal: NodeJS.Signals): void {
  process.kill(-(child.pid ?? NaN), signal);
}

async function untilThereIs(starting: Starting, moment: RegExp): Promise<void> {
  const isThere = async (): Promise<boolean> =>
    (await remains(starting.dataDir)).some((path) => moment.test(path));
  await waitUntil(isThere, {
    intervalMs: 1,
    describe: () => `${moment.source} to be there; the output: ${starting.output()}`,
  });
}

afterAll(async () => {
  for (const name of await readdir(tmpdir())) {
    if (name.startsWith(prefix)) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
});

const moments = [
  ['the folder beside it is there', /\.new-\d+$/],
  ['initdb has begun', /\.new-\d+\/cluster\/PG_VERSION$/],
  ['initdb has made the first database', /\.new-\d+\/cluster\/base\/1\/1259$/],
  ['initdb copies the database', /\.new-\d+\/cluster\/base\/4\/PG_VERSION$/],
  ['the folder has its name', /^[^/]+(?<!\.new-\d+)$/],
] as const;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  for (const [moment, sign] of moments) {
    test(`${signal} when ${moment} ends the start without a word, and nothing is left`, async () => {
      const starting = startHolder({ persistent: false, then: '' });
      await untilThereIs(starting, sign);
      const closed = once(starting.process, 'close');
      signalGroup(starting, signal);
      const [code, endedBy] = (await within(closed, { describe: 'the program to end' })) as unknown[];
      expect([code, endedBy]).toEqual([null, signal]);
      // Once the folder has its name it may say so before the signal comes.
      expect(starting.output()).toMatch(moment === 'the folder has its name' ? /^(?:started\n)?$/ : /^$/);
      let left: string[] = [];
      const isEmpty = async (): Promise<boolean> => {
        left = await remains(starting.dataDir);
        return left.length === 0;
      };
      await waitUntil(isEmpty, { describe: () => `everything to be removed, but there is ${left.join()}` });
    });
  }
}

test('what is persistent is kept when the signal comes after it has its name', async () => {
  const starting = startHolder({ persistent: true, then: '' });
  await waitUntil(() => starting.output().includes('started'), { describe: 'Postgres to be started' });
  const closed = once(starting.process, 'close');
  signalGroup(starting, 'SIGINT');
  await closed;
  expect(await remains(starting.dataDir)).toContain(join(basename(starting.dataDir), 'PG_VERSION'));
});

test('a program that stops in its own time is not disturbed by Ctrl-C while the data is made', async () => {
  const then = `globalThis.interrupted = new Promise((resolve) => process.once('SIGINT', resolve));`;
  const starting = startHolder({ persistent: true, then });
  await untilThereIs(starting, /\.new-\d+\/cluster\/PG_VERSION$/);
  const closed = once(starting.process, 'close');
  signalGroup(starting, 'SIGINT');
  const [code] = (await within(closed, { describe: 'the program to end' })) as unknown[];
  expect([code, starting.output()]).toEqual([0, 'started\n']);
  const left = await remains(starting.dataDir);
  expect(left).toContain(join(basename(starting.dataDir), 'PG_VERSION'));
  expect(left.filter((path) => path.includes('.new'))).toEqual([]);
});
