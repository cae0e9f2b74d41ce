// Pages of a list: one more row is read than is shown, which says whether there is a next page; the cursor is the last row's place.
import type { Principal } from './access.ts';
import { Problem } from './problem.ts';

export interface Page {
  readonly data: readonly unknown[];
  readonly nextCursor: string | null;
}

interface PageOptions<Row> {
  readonly limit: number;
  cursorOf(row: Row): string;
  show(row: Row): unknown;
}

export function toPage<Row>(found: readonly Row[], { limit, cursorOf, show }: PageOptions<Row>): Page {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return {
    data: rows.map(show),
    nextCursor: hasMore ? Buffer.from(cursorOf(last)).toString('base64url') : null,
  };
}

/** @throws {Problem} for what is no cursor of this API. */
export function readCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const place = Buffer.from(cursor, 'base64url').toString();
  const isOurs = place !== '' && !place.includes('\0') && Buffer.from(place).toString('base64url') === cursor;
  if (isOurs) return place;
  throw notACursor();
}

/** Of a list in which a row's place is a number. */
export function readNumberCursor(cursor: string | undefined): number | null {
  const place = readCursor(cursor);
  if (place === null) return null;
  if (/^\d{1,15}$/.test(place)) return Number(place);
  throw notACursor();
}

/** Of one in which it is a time in UTC. */
export function readTimeCursor(cursor: string | undefined): string | null {
  const place = readCursor(cursor);
  if (place === null || isTime(place)) return place;
  throw notACursor();
}

/** Of one that ends at a time, the same for all of its pages: the place (null: before the first), and that end. */
export function readStretchCursor(
  cursor: string | undefined,
): { readonly after: string | null; readonly until: string } | null {
  const place = readCursor(cursor);
  if (place === null) return null;
  const [after = '', until = '', ...others] = place.split('/');
  const isOurs = others.length === 0 && (after === '' || isTime(after)) && isTime(until);
  if (isOurs) return { after: after === '' ? null : after, until };
  throw notACursor();
}

export function stretchCursor(after: string | null, until: string): string {
  return Buffer.from(`${after ?? ''}/${until}`).toString('base64url');
}

/** `2026-01-31T10:00:00.123456Z`: a day that there is, in a year that Postgres reads. */
export function isTime(text: string): boolean {
  if (!/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toJSON().startsWith(text.slice(0, 19));
}

function notACursor(): Problem {
  const problem = 'this is no cursor of this list: use nextCursor as it was given';
  return new Problem(422, `query.cursor: ${problem}`, { fields: [{ at: 'query.cursor', problem }] });
}

/** Whose rows: null for all. */
export function companyOf(principal: Principal): string | null {
  return principal.kind === 'company' ? principal.companyId : null;
}
