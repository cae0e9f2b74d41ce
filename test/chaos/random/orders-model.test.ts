import { expect, test } from 'vitest';
import { keyOf, OrdersModel, webhookPlans } from './orders-model.ts';

test('twenty webhooks of five companies, each expected to get what it asked for', () => {
  const model = new OrdersModel();
  model.committed([
    { operation: 'INSERT', id: 1, company: 'acme', version: 1 },
    { operation: 'UPDATE', id: 1, company: 'acme', version: 2, before: { company: 'acme', version: 1 } },
    { operation: 'DELETE', id: 1, company: 'acme', version: 2 },
  ]);
  expect(new Set(webhookPlans.map(({ name }) => name)).size).toBe(20);
  expect([...model.expected('acme-all')]).toEqual(['INSERT 1', 'UPDATE 2', 'DELETE 2']);
  expect([...model.expected('acme-slow')]).toEqual(['INSERT 1', 'DELETE 2']);
  expect([...model.expected('acme-updates')]).toEqual(['UPDATE 2']);
  expect(model.expected('bolt-all').size).toBe(0);
});

test('a row that moves leaves the one company and joins the other', () => {
  const model = new OrdersModel();
  model.committed([
    { operation: 'UPDATE', id: 1, company: 'bolt', version: 2, before: { company: 'acme', version: 1 } },
  ]);
  expect([...model.expected('acme-all')]).toEqual([keyOf('DELETE', 1)]);
  expect([...model.expected('bolt-all')]).toEqual([keyOf('INSERT', 2)]);
  expect(model.expected('bolt-updates').size).toBe(0);
});
