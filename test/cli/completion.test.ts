import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runHere } from './cli-here.ts';

const run = promisify(execFile);
const shells = ['bash', 'zsh', 'fish'] as const;
const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowhook-test-completion-'));
  for (const shell of shells) {
    const { stdout } = await runHere(['completion', shell]);
    await writeFile(join(folder, shell), stdout);
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What is offered for the last word, sorted. */
async function bash(...words: string[]): Promise<string[]> {
  const script = `source "$0"; COMP_WORDS=(rowhook "$@"); COMP_CWORD=$#; _rowhook; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['--norc', '-euc', script, join(folder, 'bash'), ...words]);
  return stdout.split('\n').filter(Boolean).sort();
}

async function fish(...words: string[]): Promise<string[]> {
  const script = 'source $argv[1]; complete -C "rowhook $argv[2..-1]"';
  const { stdout } = await run('fish', ['--no-config', '-c', script, join(folder, 'fish'), ...words]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/\t.*/, ''))
    .sort();
}

const lines: [string[], string[]][] = [
  [['sta'], ['start', 'status']],
  [
    ['webhook', ''],
    ['create', 'delete', 'help', 'list', 'test', 'update'],
  ],
  [['webhook', 'create', '--br'], ['--breaker']],
  [['webhook', 'create', '--name', 'x', '--breaker', 'w'], ['wait']],
  [['webhook', 'create', '--company', ''], []],
  [['webhook', 'list', '--company', 'acme', '--js'], ['--json']],
  [['slot', 'skip', '--accept'], ['--accept-gap']],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
  [['help', 'web'], ['webhook']],
];

describe('bash completes', () => {
  test.each([
    ...lines,
    [
      ['webhook', 'create', '--breaker', '='],
      ['default', 'drop', 'off', 'wait'],
    ],
    [
      ['webhook', 'create', '--breaker', '=', 'd'],
      ['default', 'drop'],
    ],
    [['deliveries', '--outcome', 'failed,r'], ['failed,rejected']],
  ])('%j', async (words, expected) => {
    const offered = await bash(...words);
    expect(words.at(-1) === '' ? offered.filter((word) => !word.startsWith('-')) : offered).toEqual(expected);
  });
});

// Not every machine has it; bash is everywhere.
describe.skipIf(!isThere('fish'))('fish completes', () => {
  test.each(lines)('%j', async (words, expected) => {
    expect(await fish(...words)).toEqual(expected);
  });
});

test.each(shells.filter(isThere))('%s reads its script without complaint', async (shell) => {
  const { stderr } = await run(shell, ['-n', join(folder, shell)]);
  expect(stderr).toBe('');
});
