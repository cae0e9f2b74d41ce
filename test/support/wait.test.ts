/** A wait ends with what it waited for, or says what that was. */
import { expect, test } from 'vitest';
import { waitUntil, within } from './wait.ts';

test('a wait ends with the first result', async () => {
  let asked = 0;
  const result = await waitUntil(() => ((asked += 1) === 3 ? { asked } : undefined), {
    intervalMs: 1,
    describe: 'three',
  });
  expect(result).toEqual({ asked: 3 });
});

test('a wait that takes too long says what it waited for', async () => {
  const failed = waitUntil(() => false, { timeoutMs: 20, describe: () => 'the moon' });
  await expect(failed).rejects.toThrow('waited 20 ms for the moon');
  await expect(within(new Promise(() => undefined), { timeoutMs: 20, describe: 'Godot' })).rejects.toThrow(
    /for Godot/,
  );
});
