// The bounded run: the deck and some random cases, from another seed each time. `npm run test:oracle` goes on for longer.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openOracleScene, type OracleScene } from './oracle-scene.ts';
import { playRound, randomSeed } from './oracle.ts';

const shrinkingMs = 240_000;

let scene: OracleScene;

beforeAll(async () => {
  scene = await openOracleScene();
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

test(
  'what is posted of a row equals to_jsonb of it, whatever its types and values',
  async () => {
    const failure = await playRound(scene, { seed: randomSeed(), randomCases: 200, limitMs: shrinkingMs });
    if (failure !== undefined) expect.fail(failure);
  },
  shrinkingMs + 60_000,
);
