// pgbench with one script of one statement, and what it says at its end.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { percentile } from './percentile.ts';

export interface PgbenchOptions {
  readonly url: string;
  /** On one line, without the semicolon. */
  readonly script: string;
  readonly clients: number;
  readonly seconds: number;
  /** Transactions a second; undefined: as many as it goes. */
  readonly rate?: number | undefined;
}

export interface PgbenchResult {
  readonly perSecond: number;
  /** The median, from when a transaction was due. */
  readonly latencyMs: number;
}

export async function runPgbench({
  url,
  script,
  clients,
  seconds,
  rate,
}: PgbenchOptions): Promise<PgbenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'rowhook-pgbench-'));
  try {
    const file = join(folder, 'script.sql');
    await writeFile(file, `${script};\n`);
    const pace = rate === undefined ? [] : ['--rate', String(rate)];
    const flags = ['--no-vacuum', '--protocol=prepared', '--file', file, ...pace];
    const size = ['--client', String(clients), '--time', String(seconds)];
    const log = ['--log', '--log-prefix', join(folder, 'latency')];
    const { stdout } = await promisify(execFile)('pgbench', [...flags, ...size, ...log, url]);
    return { perSecond: numberAfter('tps = ', stdout), latencyMs: (await medianMicros(folder)) / 1000 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function numberAfter(words: string, text: string): number {
  const number = parseFloat(text.slice(text.indexOf(words) + words.length));
  if (!text.includes(words) || Number.isNaN(number))
    throw new Error(`pgbench did not say "${words}":\n${text}`);
  return number;
}

// client, its transaction, microseconds, script, …
async function medianMicros(folder: string): Promise<number> {
  const files = (await readdir(folder)).filter((name) => name.startsWith('latency'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const lines = texts.flatMap((text) => text.trimEnd().split('\n'));
  return percentile(
    lines.map((line) => Number(line.split(' ')[2])),
    50,
  );
}
