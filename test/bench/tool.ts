// Programs that a figure needs beside npm's, and where they come from.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Skipped } from './figure.ts';

const sources = {
  pg_recvlogical:
    'apt-get install postgresql-client (Debian, Ubuntu), or the client programs of any Postgres',
  pgbench:
    'apt-get install postgresql (Debian, Ubuntu: its server package, which also starts one), or any Postgres',
} as const;

export type Tool = keyof typeof sources;

/** Why the figure cannot be measured here; null: the tool is there. */
export async function missingTool(tool: Tool): Promise<Skipped | null> {
  try {
    await promisify(execFile)(tool, ['--version']);
    return null;
  } catch (error) {
    return { skipped: `it needs ${tool}, which did not start (${String(error)}). Get it: ${sources[tool]}.` };
  }
}
