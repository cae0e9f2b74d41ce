import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writes, type Write } from './application.ts';
import { Clock } from './clock.ts';
import { actions, World, type Scenario, type Step } from './world.ts';

/** A failing schedule is printed with both; these play it again, and only it. */
const seed = process.env['ROWHOOK_TEST_SEED'];
const path = process.env['ROWHOOK_TEST_PATH'];
const schedules = Number(process.env['ROWHOOK_TEST_SCHEDULES'] ?? 2_000);

const n = fc.nat({ max: 1023 });
const write: fc.Arbitrary<Write> = fc.record({ do: fc.constantFrom(...writes), n });
const weights: Readonly<Record<Step['do'], number>> = {
  write: 16,
  flow: 18,
  keepalive: 2,
  confirm: 5,
  answer: 14,
  'answer all': 10,
  'turn endpoint': 4,
  execute: 8,
  cut: 3,
  connect: 8,
  end: 10,
  pass: 12,
  disconnect: 1,
  reconnect: 3,
  kill: 3,
  start: 4,
  stop: 1,
  'crash postgres': 1,
  checkpoint: 1,
};
const step: fc.Arbitrary<Step> = fc.oneof(
  ...actions.map((action) => ({
    weight: weights[action],
    arbitrary:
      action === 'write'
        ? fc.record({
            do: fc.constant(action),
            n,
            writes: fc.array(write, { minLength: 1, maxLength: 5, size: 'max' }),
          })
        : fc.record({ do: fc.constant(action), n }),
  })),
);
const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const many = 1_000_000;
const limits = fc
  .record({
    inFlight: small(6),
    lane: fc.constantFrom(2, 4, 50),
    batch: small(4),
    unstored: small(8),
    rows: small(4),
    notes: small(6),
  })
  .map(({ inFlight, lane, batch, unstored, rows, notes }) => ({
    concurrency: inFlight,
    lanes: {
      maxInFlight: inFlight * 2,
      maxOutPerOrigin: inFlight,
      maxDeliveriesPerLane: lane,
      maxBytesPerLane: many,
      minDeliveries: lane,
      maxDeliveries: lane * 3,
      maxWaitMs: 700,
      maxBytes: many,
      maxBytesOut: many,
      maxBytesOutPerLane: many,
    },
    backlog: {
      longestWaitMs: 1_000,
      longestWaitWhenDrainingMs: 3_000,
      longestWaitWhenFullMs: 300,
      longestHoldMs: 2_000,
      gatherMs: 5,
      maxBatch: batch,
      maxBatchBytes: many,
      maxUnstored: unstored,
      maxUnstoredBytes: many,
    },
    window: {
      maxRows: rows,
      maxBytes: 400,
      maxRowsOfAll: rows * 3,
      maxBytesOfAll: many,
      maxReads: 1 + (rows % 2),
      maxDrops: rows,
    },
    maxNotes: notes,
  }));
const caps = fc.constantFrom(
  { maxCount: many, maxBytes: many, maxAgeMs: many * 1_000 },
  { maxCount: many, maxBytes: many, maxAgeMs: many * 1_000 },
  { maxCount: 3, maxBytes: many, maxAgeMs: many * 1_000 },
  { maxCount: many / 1_000, maxBytes: 300, maxAgeMs: 4_000 },
);
const breaker = fc.record({
  mode: fc.constantFrom('off' as const, 'wait' as const, 'drop' as const),
  failures: small(2),
  maxProbeMs: fc.constantFrom(500, 1_000, 8_000),
});
const scenario: fc.Arbitrary<Scenario> = fc.record({
  hooks: fc.array(fc.record({ do: fc.constant('create hook' as const), n }), {
    minLength: 1,
    maxLength: 4,
    size: 'max',
  }),
  limits,
  caps,
  breaker,
  steps: fc.array(step, { maxLength: 150, size: 'max' }),
});

test('whatever is answered, lost or killed: each delivery is sent at most once, in order, and accounted for exactly', async () => {
  const property = fc.asyncProperty(scenario, async (schedule) => {
    using clock = new Clock();
    await new World(schedule, clock).play();
  });
  const replay = seed === undefined ? {} : { seed: Number(seed), ...(path === undefined ? {} : { path }) };
  const details = await fc.check(property, { numRuns: schedules, ...replay });
  expect(describe(details)).toBe('');
}, 600_000);

function describe(details: fc.RunDetails<[Scenario]>): string {
  if (!details.failed) return '';
  const {
    hooks,
    limits: used,
    caps: capped,
    breaker: breaks,
    steps,
  } = details.counterexample?.[0] ?? { steps: [] };
  const played = steps.map(({ do: what, n: number, writes: list = [] }) =>
    [what, number, ...list.map((each) => `(${each.do} ${each.n})`)].join(' '),
  );
  return [
    details.errorInstance instanceof Error ? details.errorInstance.stack : String(details.errorInstance),
    JSON.stringify({ hooks: hooks?.map((each) => each.n), limits: used, caps: capped, breaker: breaks }),
    ...played,
    `ROWHOOK_TEST_SEED=${details.seed} ROWHOOK_TEST_PATH=${details.counterexamplePath ?? ''} plays it again`,
  ].join('\n');
}
