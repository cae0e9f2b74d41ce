// Whether a process has ended, asked of the system: one that lives, one that was killed and that nobody has looked after, one of another user.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { hasProcessEnded } from '../src/process-ended.ts';
import { waitUntil } from './support/wait.ts';

const cleanUp: (() => void)[] = [];

afterEach(() => {
  for (const undo of cleanUp.splice(0)) undo();
});

describe('whether a process has ended', () => {
  it('one that runs has not, nor has one that belongs to somebody else', () => {
    expect(hasProcessEnded(process.pid)).toBe(false);
    expect(hasProcessEnded(1)).toBe(false);
  });

  it('one that its parent has waited for has', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    expect(hasProcessEnded(child.pid ?? 0)).toBe(true);
  });

  it.runIf(process.platform === 'linux')(
    'one that was killed has, though nobody has waited for it',
    async () => {
      // The shell becomes a program that knows nothing of its child: it has when it repeats a line.
      const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec cat'], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      cleanUp.push(() => parent.kill('SIGKILL'));
      const lines = createInterface(parent.stdout)[Symbol.asyncIterator]();
      const orphan = Number((await lines.next()).value);
      parent.stdin.write('here\n');
      await lines.next();
      expect(hasProcessEnded(orphan)).toBe(false);
      process.kill(orphan, 'SIGKILL');
      await waitUntil(() => hasProcessEnded(orphan), { describe: 'the killed process to count as ended' });
      expect(() => process.kill(orphan, 0), 'its pid is still taken').not.toThrow();
    },
  );
});
