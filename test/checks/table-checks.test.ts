import { describe, expect, test } from 'vitest';
import { checkTables } from '../../src/checks/table-checks.ts';
import { tableFacts as table } from './facts.ts';

describe('a table', () => {
  test.each([
    ['fail', { kind: null }, /salesOrder" is gone$/],
    ['fail', { kind: null, renamedTo: 'erp."salesOrder2"' }, /is erp\."salesOrder2" now/],
    ['fail', { kind: 'v' }, /is a view now/],
    ['fail', { isUnlogged: true }, /is unlogged/],
    ['fail', { published: false }, /not in the publication/],
    ['fail', { isNarrowed: true }, /column list or a row filter/],
    ['fail', { hasCompanyColumn: false }, /no column "companyId"/],
    ['fail', { hasIdentity: false, identity: 'nothing' }, /every UPDATE and DELETE of the application fails/],
    ['fail', { unpublishedGeneratedColumns: ['total'] }, /generated column "total": every UPDATE/],
    [
      'fail',
      { leftOut: '"total", and publication "other" leaves it out' },
      /contains "total", and publication "other" leaves it out: every UPDATE/,
    ],
    ['warn', { identity: 'default' }, /has lost identity full/],
    [
      'warn',
      { replicaIdentity: 'keep', identity: 'default', carriesCompany: false },
      /identity default, without "companyId": whose its DELETEs are/,
    ],
    ['warn', { enabled: false }, /1 active webhook of it will never be sent/],
  ])('is a %s with %j', (status, facts, detail) => {
    const [, problem] = checkTables([{ ...table, ...facts }]);
    expect(problem).toMatchObject({
      check: 'table salesOrder',
      status,
      detail: expect.stringMatching(detail) as string,
      remedy: expect.stringMatching(
        /rowhook (enable|disable|inspect) 'erp\."salesOrder2?"'|alter table erp\."salesOrder"/,
      ) as string,
    });
  });

  test('is enabled again as it was: with its company column, its name and its identity', () => {
    const facts = {
      published: false,
      companyColumn: 'tenant id',
      replicaIdentity: 'order_key',
      name: 'order',
    };
    expect(checkTables([{ ...table, ...facts }])[1]?.remedy).toBe(
      `As its owner: rowhook enable 'erp."salesOrder"' --company-column 'tenant id' --name order --replica-identity order_key`,
    );
  });

  test('beside a generated column names the statement that inspect gives', () => {
    const identityRemedy = `select rowhook.enable_table('erp.salesOrder', replica_identity => 'order_key');`;
    const facts = { unpublishedGeneratedColumns: ['total'], identityRemedy };
    expect(checkTables([{ ...table, ...facts }])[1]).toMatchObject({
      status: 'fail',
      remedy: identityRemedy,
    });
  });

  test('with an index identity may have a generated column', () => {
    const facts = {
      replicaIdentity: 'order_key',
      identity: 'index:order_key',
      unpublishedGeneratedColumns: ['total'],
    };
    expect(checkTables([{ ...table, ...facts }])).toHaveLength(1);
  });
});

describe('a partition of its own identity', () => {
  const partition = {
    relation: 'erp.o_2026',
    identity: 'default',
    hasIdentity: true,
    carriesCompany: true,
    isInLog: true,
  };
  const partitioned = { ...table, kind: 'p' };

  test.each([
    [
      'fail',
      { identity: 'nothing', hasIdentity: false, carriesCompany: false },
      /without a replica identity/,
    ],
    ['warn', { carriesCompany: false }, /DELETEs there are cannot be told, and they are not sent/],
    ['warn', {}, /old rows there are incomplete/],
  ])('is a %s with %j, and enabling the table again mends it', (status, facts, detail) => {
    const checks = checkTables([{ ...partitioned, partitions: [{ ...partition, ...facts }] }]);
    expect(checks).toHaveLength(2);
    expect(checks[1]).toMatchObject({
      status,
      detail: expect.stringMatching(detail) as string,
      remedy: `As its owner: rowhook enable 'erp."salesOrder"' --name salesOrder`,
    });
    expect(checks[1]?.detail).toMatch(/^1 partition \(erp\.o_2026\) of erp\."salesOrder"/);
  });

  test('is a failure where the log does not hold it', () => {
    const checks = checkTables([{ ...partitioned, partitions: [{ ...partition, isInLog: false }] }]);
    expect(checks.slice(1)).toEqual([
      {
        check: 'table salesOrder',
        status: 'fail',
        detail:
          '1 partition (erp.o_2026) of erp."salesOrder" that the log does not hold (unlogged or foreign): nothing is sent for their rows',
        remedy: `The statement that mends it, as its owner: rowhook inspect 'erp."salesOrder"'`,
      },
    ]);
  });

  test('is one line for many, and none for those that have the table’s', () => {
    const full = { ...partition, identity: 'full' };
    const many = Array.from({ length: 5 }, (_, index) => ({ ...partition, relation: `p${index}` }));
    expect(checkTables([{ ...partitioned, partitions: [full] }])).toHaveLength(1);
    expect(checkTables([{ ...partitioned, partitions: [full, ...many] }])[1]?.detail).toMatch(
      /^5 partitions \(p0, p1, p2, and 2 more\)/,
    );
  });

  test('that is gone and disabled is not to be enabled: its webhooks can be paused', () => {
    const facts = { enabled: false, kind: null, name: "it's", webhooks: 2, activeWebhooks: 2 };
    expect(checkTables([{ ...table, ...facts }])[1]?.remedy).toBe(
      `update rowhook.webhook set active = false where table_name = 'it''s';`,
    );
  });
});
