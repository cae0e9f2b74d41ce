import { expect, test } from 'vitest';
import { checkStandbys } from '../../src/checks/standby-checks.ts';
import { slotFacts } from './facts.ts';

const physical = { slots: ['standby_a', 'standby_b'], standbys: [], synchronizedStandbySlots: '' };
const kept = { ...slotFacts, failover: true };

test('a slot that a promotion would leave behind is a warning, with the command that mends it', () => {
  expect(checkStandbys('rowhook', slotFacts, physical)).toMatchObject([
    {
      status: 'warn',
      detail: expect.stringMatching(
        /^this server has physical slots \(standby_a, standby_b\).* without failover/,
      ) as string,
      remedy: expect.stringMatching(
        /^psql 'dbname=erp replication=database' -c 'ALTER_REPLICATION_SLOT rowhook \(FAILOVER true\)'\nWhile the service is stopped/,
      ) as string,
    },
  ]);
  const odd = checkStandbys('rowhook', { ...slotFacts, database: "o'erp" }, physical);
  expect(odd[0]?.remedy).toContain(String.raw`psql 'dbname='\''o\'\''erp'\'' replication=database'`);
});

test('a slot that does not wait for the standbys is a warning, with the statement that mends it', () => {
  expect(checkStandbys('rowhook', kept, physical)).toMatchObject([
    {
      status: 'warn',
      remedy: expect.stringMatching(
        /^alter system set synchronized_standby_slots = 'standby_a, standby_b'; select pg_reload_conf\(\);\nOnly /,
      ) as string,
    },
  ]);
  const follows = { ...physical, slots: [], standbys: ['walreceiver from 10.0.0.8'] };
  expect(checkStandbys('rowhook', kept, follows)).toMatchObject([
    {
      detail: expect.stringMatching(
        /^standbys follow this server \(walreceiver from 10\.0\.0\.8\)/,
      ) as string,
      remedy: expect.stringContaining("= 'primary_slot_name of the standby';") as string,
    },
  ]);
});

test('where both are set all is well, and where there is no standby, or Postgres is before 17, there is no line', () => {
  const waits = { ...physical, synchronizedStandbySlots: 'standby_a' };
  expect(checkStandbys('rowhook', kept, waits)).toMatchObject([{ status: 'ok' }]);
  expect(checkStandbys('rowhook', slotFacts, { ...physical, slots: [] })).toEqual([]);
  const before17 = { ...physical, synchronizedStandbySlots: null };
  expect(checkStandbys('rowhook', { ...slotFacts, failover: null }, before17)).toEqual([]);
  expect(checkStandbys('rowhook', null, physical)).toEqual([]);
});
