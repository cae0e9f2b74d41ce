/** A statement that was refused is repeated at once; one whose fate is unknown is not. In whatever language the server says it. */
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { wasRefused } from '../../src/database/session.ts';

describe('whether a statement was certainly not done', () => {
  test.each([
    ['ERROR', '23505', true],
    ['FEHLER', '23505', true],
    ['ОШИБКА', '57014', true],
    ['ERROR', 'XX000', true],
    ['FEHLER', 'XX000', false],
    ['FATAL', '57P01', false],
    ['ВАЖНО', '57P01', false],
    ['FATAL', '53300', false],
    ['PANIC', '53100', false],
  ])('%s %s: %j', (severity, code, expected) => {
    expect(
      wasRefused(Object.assign(new pg.DatabaseError('some words', 10, 'error'), { code, severity })),
    ).toBe(expected);
  });

  test('a line that broke says nothing', () => {
    expect(wasRefused(new Error('Connection terminated unexpectedly'))).toBe(false);
  });
});
