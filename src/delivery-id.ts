/**
 * The id of a row of the delivery log: the microseconds since 1970 of its time and the webhook's number, which together no other row has. In SQL:
 * `(extract(epoch from at) * 1000000)::bigint || '-' || uid`.
 */

/** Where a row is. */
export interface DeliveryPlace {
  /** To the microsecond, in UTC: `2026-01-31T10:00:00.123456Z`. */
  readonly at: string;
  readonly uid: number;
}

// As far as numbers are exact: until the year 2223.
const form = /^([1-7]\d{15})-(0|[1-9]\d{0,14})$/;

export function deliveryId({ at, uid }: DeliveryPlace): string {
  const us = Date.parse(`${at.slice(0, 19)}Z`) * 1000 + Number(at.slice(20, 26));
  return `${us}-${uid}`;
}

/** Null for what is no such id. */
export function parseDeliveryId(id: string): DeliveryPlace | null {
  const [, us = '', uid = ''] = form.exec(id) ?? [];
  if (us === '') return null;
  const seconds = new Date(Number(us.slice(0, -6)) * 1000).toISOString().slice(0, 19);
  return { at: `${seconds}.${us.slice(-6)}Z`, uid: Number(uid) };
}
