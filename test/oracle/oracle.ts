// The property: for any table of any types, what is posted of its rows equals what to_jsonb says of them. A round is
// the deck and some random cases, all from one seed; fast-check makes a failing case small and says how to see it again.

import fc from 'fast-check';
import type { Difference } from './compare.ts';
import { deckOf } from './deck.ts';
import { describeCase } from './describe.ts';
import { RefusedCase, type OracleScene } from './oracle-scene.ts';
import { ShrinkingCases } from './smaller.ts';
import { CaseArbitraries, type TestCase } from './test-case.ts';

export interface Round {
  readonly seed: number;
  /** Of fast-check: runs only the case that it leads to. */
  readonly path?: string | undefined;
  /** After the deck. */
  readonly randomCases: number;
  /** Then shrinking ends with what it has. */
  readonly limitMs: number;
  /** Added to. */
  readonly tally?: Tally;
}

/** What was compared before the first failure. */
export interface Tally {
  rows: number;
  changes: number;
  cases: number;
}

export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

/** What failed, in words; undefined when nothing did. */
export async function playRound(scene: OracleScene, round: Round): Promise<string | undefined> {
  const arbitraries = new CaseArbitraries(scene.major);
  const [deck = []] = fc.sample(deckOf(scene.major, arbitraries), { seed: round.seed, numRuns: 1 });
  const failures = new Failures(scene, round);
  const result = await fc.check(
    fc.asyncProperty(new ShrinkingCases(arbitraries.case()), async (testCase) => failures.check(testCase)),
    {
      seed: round.seed,
      ...(round.path === undefined ? {} : { path: round.path }),
      examples: deck.map((testCase) => [testCase]),
      numRuns: deck.length + round.randomCases,
      interruptAfterTimeLimit: round.limitMs,
      markInterruptAsFailure: true,
    },
  );
  if (!result.failed) return undefined;
  const testCase = result.counterexample?.[0];
  if (testCase === undefined) return `The cases took more than ${round.limitMs / 1000} s.`;
  const error = failures.smallest;
  const path = result.counterexamplePath ?? '';
  return [
    error instanceof DifferingCase ? 'What was posted is not what to_jsonb says of the row:' : String(error),
    describeCase(testCase, error instanceof DifferingCase ? error.difference : undefined),
    `On Postgres ${scene.version}, case ${result.numRuns}, made smaller ${times(result.numShrinks)}.`,
    `Again: ${replayCommand(round.seed, path)}`,
  ].join('\n');
}

function times(number: number): string {
  return number === 1 ? 'once' : `${number} times`;
}

function replayCommand(seed: number, path: string): string {
  const major = process.env['TEST_POSTGRES'];
  return `npm run test:oracle -- ${major ? `--postgres ${major} ` : ''}--seed ${seed} --path ${path}`;
}

class DifferingCase extends Error {
  readonly difference: Difference;

  constructor(difference: Difference) {
    super('what was posted differs from to_jsonb');
    this.difference = difference;
  }
}

/** Only failures of the first one's kind lead on: a case made smaller may fail in ways that have nothing to do with it. */
class Failures {
  smallest: unknown;
  readonly #scene: OracleScene;
  readonly #tally: Tally | undefined;
  readonly #isReplay: boolean;
  #hasPlayed = false;

  constructor(scene: OracleScene, { tally, path }: Round) {
    this.#scene = scene;
    this.#tally = tally;
    this.#isReplay = path !== undefined;
  }

  async check(testCase: TestCase): Promise<void> {
    // After a path's case fast-check goes on with those beside it.
    if (this.#isReplay && this.#hasPlayed && this.smallest === undefined) return;
    this.#hasPlayed = true;
    const error = await this.#failureOf(testCase);
    if (error === undefined) return;
    fc.pre(this.smallest === undefined || kindOf(error) === kindOf(this.smallest));
    this.smallest = error;
    throw error as Error;
  }

  async #failureOf(testCase: TestCase): Promise<unknown> {
    try {
      const { rows, changes, difference } = await this.#scene.run(testCase);
      if (difference !== undefined) return new DifferingCase(difference);
      if (this.#tally !== undefined && this.smallest === undefined) {
        this.#tally.cases += 1;
        this.#tally.rows += rows;
        this.#tally.changes += changes;
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

function kindOf(error: unknown): string {
  if (error instanceof DifferingCase) return 'differs';
  return error instanceof RefusedCase ? 'refused' : 'broken';
}
