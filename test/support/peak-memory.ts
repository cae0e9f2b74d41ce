// The most memory that a process has ever held, as the kernel counts it: Linux only.
import { readFile } from 'node:fs/promises';

/** Peak resident set size since the process began, in MB (10⁶ bytes). */
export async function peakMemoryMb(pid: number): Promise<number> {
  return await memoryMb(pid, 'VmHWM');
}

/** Resident set size now, in MB (10⁶ bytes). */
export async function memoryNowMb(pid: number): Promise<number> {
  return await memoryMb(pid, 'VmRSS');
}

async function memoryMb(pid: number, field: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
  return (Number(kilobytes) * 1024) / 1_000_000;
}
