// CPU time of a process, as the kernel counts it: Linux only.
import { readFile } from 'node:fs/promises';

/** The kernel's unit for it, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** User and system time since it began, in microseconds. */
export async function cpuMicros(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the command in parentheses, which may hold anything; from the third on, utime and stime are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}
