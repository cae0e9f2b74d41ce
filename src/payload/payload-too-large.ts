// Thrown where JSON outgrows the largest payload while it is put together: an array of a few megabytes can have a gigabyte of digits.

import { maxPayloadBytes } from '../limits.ts';

export class PayloadTooLarge extends Error {
  readonly bytes: number;

  constructor(bytes: number) {
    super(`a payload of more than ${maxPayloadBytes} bytes`);
    this.name = 'PayloadTooLarge';
    this.bytes = bytes;
  }
}

export function requireWithinLimit(text: string): void {
  if (text.length > maxPayloadBytes) throw new PayloadTooLarge(text.length);
}
