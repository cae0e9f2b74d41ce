// Whether a process of this machine has ended. A killed one keeps its pid until its parent has looked at its exit, and where the first
// process of a container looks at nobody's, for ever: such a zombie executes nothing and has closed its sockets, so it has ended.
import { readFileSync } from 'node:fs';

export function hasProcessEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Anything else, such as EPERM, says that it is there.
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
  return isZombie(pid);
}

// The state stands behind the name, which is in parentheses and may itself have some: "12 (node) Z 1 …".
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.slice(stat.lastIndexOf(')') + 1).trim()[0];
    return state === 'Z' || state === 'X';
  } catch {
    return false;
  }
}
