/** What the two companies of the demo asked for, and one webhook that sees the users of all three. */
import type { DemoWebhook } from '../../database/demo-webhooks.ts';

const all = ['insert', 'update', 'delete'] as const;

const wishes: readonly Omit<DemoWebhook, 'path'>[] = [
  { name: 'Inbox of the sales team', table: 'salesRfq', companyId: 'company-a', on: all },
  { name: 'Quotes to the forecast', table: 'quote', companyId: 'company-a', on: ['insert', 'update'] },
  { name: 'Orders to the warehouse', table: 'salesOrder', companyId: 'company-a', on: all },
  { name: 'Board on the shop floor', table: 'job', companyId: 'company-a', on: all },
  { name: 'Invoices to accounting', table: 'salesInvoice', companyId: 'company-a', on: ['insert', 'update'] },
  { name: 'Prices to the web shop', table: 'item', companyId: 'company-a', on: all },
  { name: 'Bills to the archive', table: 'purchaseInvoice', companyId: 'company-a', on: all },
  { name: 'Address book', table: 'customer', companyId: 'company-a', on: all },
  { name: 'Supplier prices', table: 'supplierQuote', companyId: 'company-a', on: ['update', 'delete'] },
  { name: 'Customer mailing list', table: 'customer', companyId: 'company-b', on: all },
  { name: 'Quotes to the CRM', table: 'quote', companyId: 'company-b', on: all },
  { name: 'Capacity planning', table: 'job', companyId: 'company-b', on: all },
  { name: 'Price comparison', table: 'supplierQuote', companyId: 'company-b', on: all },
  { name: 'Catalogue', table: 'item', companyId: 'company-b', on: ['insert', 'update'] },
  { name: 'Orders to the dashboard', table: 'salesOrder', companyId: 'company-b', on: ['insert', 'update'] },
  { name: 'Purchases for approval', table: 'purchaseOrder', companyId: 'company-b', on: all },
  { name: 'Goods-in screen', table: 'receipt', companyId: 'company-b', on: ['insert', 'update'] },
  { name: 'Bills to the bank', table: 'purchaseInvoice', companyId: 'company-b', on: ['update'] },
  { name: 'Supplier audit', table: 'supplier', companyId: 'company-b', on: all },
  { name: 'User directory', table: 'employee', companyId: null, on: all },
];

export const demoWebhooks: readonly DemoWebhook[] = wishes.map((wish) => ({
  ...wish,
  path: `/${wish.companyId ?? 'all-companies'}/${wish.name.toLowerCase().replaceAll(' ', '-')}`,
}));
