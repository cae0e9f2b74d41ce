// Where the keyboard goes on when what had the focus is gone: in the row of the webhook, in one of those below it, or at the list's heading.
import { hrefOf } from '../words/places.ts';

export const listHeadingId = 'list';

/** The row of a webhook and those below it, as the list is now. */
export function rowsFrom(webhookId: string): readonly Element[] {
  const row = nameIn(document, webhookId)?.closest('.row') ?? null;
  if (row === null) return [];
  const rows = [...document.querySelectorAll('.row')];
  return rows.slice(rows.indexOf(row));
}

/** The name in the first of these rows that is still there; else the list's heading, or the page. */
export function focusFirst(rows: readonly Element[]): void {
  const row = rows.find(({ isConnected }) => isConnected);
  const name = row?.querySelector<HTMLElement>('a.name') ?? null;
  const place = name ?? document.getElementById(listHeadingId) ?? document.querySelector('main');
  place?.focus();
}

/** The webhook's name in the list, if it is in sight of the filters; else the list's heading. */
export function focusRowOf(webhookId: string): void {
  focusFirst(rowsFrom(webhookId));
}

function nameIn(place: ParentNode, webhookId: string): Element | null {
  return place.querySelector(`.row a.name[href="${CSS.escape(hrefOf(['webhooks', webhookId]))}"]`);
}
