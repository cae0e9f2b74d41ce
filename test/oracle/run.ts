// The long run: round after round, each from the next seed, until enough rows were compared. Ends with what was
// compared, or with the failing case and how to see it again.

import { constants } from 'node:os';
import { startPostgres } from '../support/global-setup.ts';
import { parseFlags, type Flags } from './flags.ts';
import { openOracleScene, type OracleScene } from './oracle-scene.ts';
import { playRound, randomSeed, type Tally } from './oracle.ts';
import { plainTypeNames } from './plain-types.ts';

const randomCasesPerRound = 200;
const longestRoundMs = 30 * 60_000;

await main(parseFlags(process.argv));

async function main({ rows, seed = randomSeed(), path, postgres: major }: Flags): Promise<void> {
  if (major !== undefined) process.env['TEST_POSTGRES'] = major;
  await using postgres = await startPostgres();
  await using scene = await openOracleScene(postgres.url);
  say(
    `Postgres ${scene.version}, ${plainTypeNames(scene.major).length} types and what is made of them, seed ${seed}`,
  );
  const startedAt = performance.now();
  const tally: Tally = { rows: 0, changes: 0, cases: 0 };
  const soFar = (): string => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return `${tallyText(tally)} compared on Postgres ${scene.version} in ${seconds} s`;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say(`Interrupted; so far ${soFar()}, no difference, seed ${seed}`);
      process.exit(128 + constants.signals[signal]);
    });
  }
  const failure =
    path === undefined
      ? await playRounds(scene, { rows, seed, tally })
      : await replay(scene, { seed, path, tally });
  if (failure === undefined) {
    say(`${soFar()}, no difference, seed ${seed}`);
    return;
  }
  process.exitCode = 1;
  say(failure);
  if (tally.cases > 0) say(`Before it ${soFar()} without a difference, seed ${seed}`);
}

async function playRounds(
  scene: OracleScene,
  { rows, seed, tally }: { rows: number; seed: number; tally: Tally },
): Promise<string | undefined> {
  for (let round = 0; ; round += 1) {
    const failure = await playRound(scene, {
      seed: seed + round,
      randomCases: randomCasesPerRound,
      limitMs: longestRoundMs,
      tally,
    });
    if (failure !== undefined || tally.rows >= rows) return failure;
    say(`  ${count(tally.rows, 'row')}`);
  }
}

async function replay(
  scene: OracleScene,
  { seed, path, tally }: { seed: number; path: string; tally: Tally },
): Promise<string | undefined> {
  const round = { seed, path, randomCases: randomCasesPerRound, limitMs: longestRoundMs, tally };
  return playRound(scene, round).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    return `There is no such case: ${reason}\nA path leads to its case only with the same seed, Postgres, types and values.`;
  });
}

function tallyText({ rows, changes, cases }: Tally): string {
  return `${count(rows, 'row')} (${count(changes, 'change')}) of ${count(cases, 'table')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
