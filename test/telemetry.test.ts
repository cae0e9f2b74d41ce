import { expect, test } from 'vitest';
import { TableActivities } from '../src/table-activity.ts';
import { Telemetry } from '../src/telemetry.ts';

const webhook = { id: 'wh_1', companyId: 'abc' };
const leading = { tables: new TableActivities(0), gauges: null };

function withDelivery(): Telemetry {
  const telemetry = new Telemetry();
  telemetry.leads(7, leading);
  telemetry.activity.finished(webhook, { kind: 'delivered', status: 200 }, 1, Date.now());
  telemetry.leadsNoMore(7);
  return telemetry;
}

test.each([
  ['goes on in the next term', 8, 1],
  ['begins anew after a term of another process', 9, 0],
])("the webhooks' last hour %s", (_, term, delivered) => {
  const telemetry = withDelivery();
  telemetry.leads(term, leading);
  const { delivered: perMinute } = telemetry.activity.of(webhook, Date.now());
  expect(perMinute.reduce((sum, count) => sum + count, 0)).toBe(delivered);
});

test('a term that ends late takes nothing from the one after it', () => {
  const telemetry = withDelivery();
  expect(telemetry.tables).toBeNull();
  telemetry.leads(8, leading);
  telemetry.leadsNoMore(7);
  expect(telemetry.tables).toBe(leading.tables);
});
