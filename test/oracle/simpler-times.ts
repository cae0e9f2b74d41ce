// Dates, times and ranges of them made simpler: parts are taken away or replaced as a whole, so that what is left of a failing
// value can still be read as a date. Each result is shorter than what it came from, or as long and earlier in order.

import { timeTypes } from './values/times.ts';
import type { TypeTree } from './type-tree.ts';

const timeNames = new Set(timeTypes.map(({ name }) => name));
const rangeNames = /^(ts|tstz|date)(multi)?range$/;

export function holdsTimes(type: TypeTree): boolean {
  if (type.kind === 'range' || type.kind === 'multirange') return timeNames.has(type.over);
  return type.kind === 'plain' && (timeNames.has(type.name) || rangeNames.test(type.name));
}

const fraction = /\.\d+/;
const zone = /(?<=:\d\d(\.\d+)?)[+-]\d\d(:\d\d)*/;
const era = / BC/;
const clock = /\d\d:\d\d(:\d\d)?/;
const year = /\d{4,}-\d\d-\d\d/;
const number = /\d+/g;
/** A bound of a range. */
const bound = /"[^"]*"/g;
const range = /[[(][^[(]*[\])]/g;

export function* simplerTimes(text: string): Generator<string> {
  const simpler = [
    '{}',
    'empty',
    ...[...text.matchAll(range)].map(([each]) => `{${each}}`),
    ...[...text.matchAll(bound)].map(({ index, 0: each }) => without(text, index, each)),
    '2026-01-31',
    '12:00:00',
    ...[fraction, zone, era].map((part) => text.replace(part, '')),
    text.replace(clock, '00:00:00'),
    text.replace(clock, '12:00:00'),
    text.replace(year, '2026-01-31'),
    ...intervals(text),
  ];
  for (const each of simpler) if (isSimpler(each, text)) yield each;
}

/** `3 mons -4 days`: fewer of its parts, and ones. */
function* intervals(text: string): Generator<string> {
  if (!/years|mons|days/.test(text)) return;
  const parts = text.split(/(?<=[a-z]) (?=[\d-])/);
  if (parts.length > 1) for (const part of parts) yield part;
  for (const { index, 0: digits } of text.matchAll(number)) {
    yield `${text.slice(0, index)}1${text.slice(index + digits.length)}`;
  }
}

function without(text: string, index: number, part: string): string {
  return text.slice(0, index) + text.slice(index + part.length);
}

function isSimpler(one: string, other: string): boolean {
  return one.length < other.length || (one.length === other.length && one < other);
}
