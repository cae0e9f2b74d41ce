/** What the browser tests do with a page beside clicking: wait for what is to be seen, go there by keyboard, and ask axe. */
import axe, { type AxeResults } from 'axe-core';
import type { Locator, Page } from 'playwright-core';
import { waitUntil } from '../support/wait.ts';

export async function seen(locator: Locator): Promise<void> {
  await locator.first().waitFor({ state: 'visible' });
}

export async function gone(locator: Locator): Promise<void> {
  await waitUntil(async () => (await locator.count()) === 0, {
    describe: () => `${String(locator)} to be gone`,
  });
}

/** The webhook's row in the list. */
export function rowOf(page: Page, name: string): Locator {
  return page.getByRole('listitem', { name, exact: true });
}

/** Presses Tab until what is named so has the focus. */
export async function tabTo(page: Page, role: Parameters<Page['getByRole']>[0], name: string): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true }).and(page.locator(':focus'));
  for (let pressed = 0; pressed < 80; pressed++) {
    await page.keyboard.press('Tab');
    if ((await wanted.count()) > 0) return;
  }
  throw new Error(`the keyboard does not come to the ${role} "${name}"`);
}

/** What axe objects to, of the page as it is. It comes the debugger's way, which the page's policy does not stop. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
  );
}
