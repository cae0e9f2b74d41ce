// A count where there is little room: short, with every digit to be had by pointing at it.
import { amount, exact } from '../words/amounts.ts';

export function Amount({ count }: { readonly count: number }) {
  return <b title={exact(count)}>{amount(count)}</b>;
}
