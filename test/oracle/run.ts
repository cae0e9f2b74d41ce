// The long run: round after round, each from the next seed, until enough rows were compared. Ends with what was
// compared, or with the failing case and how to see it again.

import { Command, InvalidArgumentError, Option } from 'commander';
import { startPostgres } from '../support/global-setup.ts';
import { knownMajors } from '../support/postgres-majors.ts';
import { openOracleScene, type OracleScene } from './oracle-scene.ts';
import { playRound, randomSeed, type Tally } from './oracle.ts';
import { plainTypeNames } from './plain-types.ts';

interface Wishes {
  readonly rows: number;
  readonly seed: number;
  readonly path?: string;
  readonly postgres?: string;
}

const randomCasesPerRound = 200;
const longestRoundMs = 30 * 60_000;

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number >= 2 ** 31)
    throw new InvalidArgumentError('It is a number below 2147483648.');
  return number;
}

const program = new Command('npm run test:oracle --')
  .description('Compares what is posted with to_jsonb, for random tables of random types.')
  .addOption(
    new Option('--rows <n>', 'until so many rows were compared, each through four changes')
      .env('ROWHOOK_TEST_ROWS')
      .argParser(wholeNumber)
      .default(20_000),
  )
  .addOption(
    new Option('--seed <n>', 'what the cases are drawn from (default: another one each time)')
      .env('ROWHOOK_TEST_SEED')
      .argParser(wholeNumber),
  )
  .addOption(
    new Option('--path <path>', "a failing case's place among those of its seed: only it is run").env(
      'ROWHOOK_TEST_PATH',
    ),
  )
  .addOption(
    new Option('--postgres <major>', 'which Postgres, from npm (default: 18)')
      .env('TEST_POSTGRES')
      .choices(knownMajors),
  )
  .allowExcessArguments(false);

await main({ seed: randomSeed(), ...program.parse().opts<Omit<Wishes, 'seed'>>() });

async function main({ rows, seed, path, postgres: major }: Wishes): Promise<void> {
  if (major !== undefined) process.env['TEST_POSTGRES'] = major;
  await using postgres = await startPostgres();
  await using scene = await openOracleScene(postgres.url);
  say(
    `Postgres ${scene.version}, ${plainTypeNames(scene.major).length} types and what is made of them, seed ${seed}`,
  );
  const startedAt = performance.now();
  const tally: Tally = { rows: 0, changes: 0, cases: 0 };
  const failure = await playRounds(scene, { rows, seed, path }, tally).catch((error: unknown) =>
    path === undefined
      ? Promise.reject(error as Error)
      : `${String(error)}\nA path leads to its case only with the same seed, Postgres, types and values.`,
  );
  if (failure !== undefined) {
    say(failure);
    process.exitCode = 1;
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  say(
    `${tally.rows} rows (${tally.changes} changes) of ${tally.cases} tables compared on Postgres ${scene.version} in ${seconds} s, ` +
      `${failure === undefined ? 'no difference' : 'a difference'}, seed ${seed}`,
  );
}

async function playRounds(
  scene: OracleScene,
  { rows, seed, path }: Pick<Wishes, 'rows' | 'seed'> & { path: string | undefined },
  tally: Tally,
): Promise<string | undefined> {
  for (let round = 0; ; round += 1) {
    const failure = await playRound(scene, {
      seed: seed + round,
      path,
      randomCases: randomCasesPerRound,
      limitMs: longestRoundMs,
      tally,
    });
    if (failure !== undefined || path !== undefined || tally.rows >= rows) return failure;
    say(`  ${tally.rows} rows`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
