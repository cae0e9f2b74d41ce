import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { crashPostgres } from './crash.ts';
import { Victim, type Result, type Step } from './failure-table.ts';

const delivered: Result = { received: 1, claimed: 1, success: 1, error: 0, interrupted: 0, missed: 0 };
const interrupted: Result = { received: 1, claimed: 1, success: 0, error: 1, interrupted: 1, missed: 0 };
const interruptedUnsent: Result = { ...interrupted, received: 0 };

interface Row extends Step {
  readonly at: string;
  readonly expected: Readonly<Record<'service' | 'postgres' | 'both', Result>>;
}

const allDelivered = { service: delivered, postgres: delivered, both: delivered };

const rows: readonly Row[] = [
  { at: 'read and not claimed', failpoint: 'received', expected: allDelivered },
  {
    at: 'claimed durably, nothing sent',
    failpoint: 'claimed',
    expected: { service: interruptedUnsent, postgres: delivered, both: interruptedUnsent },
  },
  {
    at: 'sent, no answer',
    failpoint: 'written',
    isAnswerHeld: true,
    expected: { service: interrupted, postgres: delivered, both: interrupted },
  },
  {
    at: 'answered, the outcome not stored',
    failpoint: 'answered',
    expected: { service: interrupted, postgres: delivered, both: interrupted },
  },
  {
    at: 'the outcome stored, the slot not confirmed',
    failpoint: 'folded',
    isConfirmHeld: true,
    expected: allDelivered,
  },
  { at: 'the slot confirmed in memory', expected: allDelivered },
  { at: 'the slot confirmed and checkpointed', isCheckpointed: true, expected: allDelivered },
  {
    at: 'claimed from the backlog durably, nothing sent',
    failpoint: 'claimed-from-backlog',
    isFromBacklog: true,
    expected: { service: interruptedUnsent, postgres: delivered, both: interruptedUnsent },
  },
  {
    at: 'sent from the backlog, no answer',
    failpoint: 'written',
    isAnswerHeld: true,
    isFromBacklog: true,
    expected: { service: interrupted, postgres: delivered, both: interrupted },
  },
  {
    at: 'the outcome of one from the backlog stored',
    failpoint: 'folded',
    isFromBacklog: true,
    expected: allDelivered,
  },
];

let postgres: EmbeddedPostgres;
let service: Victim;
let database: Victim;
let both: Victim;

beforeAll(async () => {
  postgres = await startTestPostgres({ settings: { autovacuum: 'off', checkpoint_timeout: '1h' } });
  [service, database, both] = await Promise.all([
    Victim.open(),
    Victim.open(postgres.url),
    Victim.open(postgres.url),
  ]);
});

afterAll(async () => {
  await Promise.all([service, database, both].map((victim) => victim[Symbol.asyncDispose]()));
  await postgres[Symbol.asyncDispose]();
});

test.each(rows)(
  '$at: whichever crashes, the change is counted, never sent twice, and in the ledger when it may be lost',
  async (row) => {
    const { isConfirmHeld = false, isCheckpointed = false, failpoint, expected } = row;
    const victims = [service, database, both];
    await Promise.all(victims.map((victim) => victim.arm(row)));
    await Promise.all(victims.map((victim) => victim.reach(row)));
    await Promise.all([service.killService(), both.killService(), crashPostgres(postgres)]);
    await postgres.start();
    if (isConfirmHeld) {
      expect(await Promise.all(victims.map((victim) => victim.isConfirmed()))).toEqual([false, false, false]);
    }
    if (isCheckpointed)
      expect([await database.isConfirmed(), await both.isConfirmed()]).toEqual([true, true]);
    if (failpoint === undefined) expect(await service.isConfirmed()).toBe(true);
    database.thaw();
    await Promise.all([service.startAnother(), both.startAnother()]);
    const [ofService, ofPostgres, ofBoth] = await Promise.all(victims.map((victim) => victim.result()));
    expect({ service: ofService, postgres: ofPostgres, both: ofBoth }).toEqual(expected);
  },
);
