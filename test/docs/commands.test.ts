// Every `rowhook …` in README.md and docs/ is one that the command line takes: the command exists, and so do its options and arguments.
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { blocksIn, commandsOf, pages } from './pages.ts';

/** Reads the words as the real program does, and does nothing. */
function parse(words: readonly string[]): string {
  const program = createProgram({
    columns: undefined,
    hasColors: false,
    write: () => undefined,
    warn: () => undefined,
    stopSignal: () => new AbortController().signal,
  });
  const disarm = (command: Command): void => {
    if (command.commands.length === 0) command.action(() => undefined);
    for (const each of command.commands) disarm(each);
  };
  disarm(program);
  try {
    program.parse(words, { from: 'user' });
    return 'taken';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return code === 'commander.helpDisplayed' || code === 'commander.version' ? 'taken' : message;
  }
}

/** What the product says, and no command. */
const sayings = ['is not installed in this database'];

function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

/** What is wrong with a mention; null: nothing. */
function problemOf(command: string): string | null {
  if (command.startsWith('…') || sayings.includes(command)) return null;
  const [shown = ''] = command.split('…');
  const words = wordsOf(shown);
  const answer = parse(words);
  if (answer === 'taken') return null;
  // A sentence may name a command without what it needs; one that goes on with … shows its beginning only.
  const isName = words.every((word) => /^[a-z]+$/.test(word)) || shown !== command;
  return isName && !/unknown/.test(answer) ? null : answer;
}

describe.each(pages.filter((page) => commandsOf(page).length > 0))('%s', (page) => {
  test.each([...new Set(commandsOf(page))])('rowhook %s', (command) => {
    expect(problemOf(command)).toBeNull();
  });
});

test('what the command line does not take is noticed', () => {
  const wrong = [
    'sttus',
    'slot renew',
    'deliveries --fialed',
    'why salesOrder so1 more',
    'webhook …s --on',
    'enable --json',
    'slot skip',
    'losses --since yesterday',
  ];
  expect(wrong.filter((command) => problemOf(command) === null)).toEqual(['webhook …s --on', 'slot skip']);
});

test('every script of npm that a page runs exists', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = blocksIn(['sh']).flatMap(({ text }) => [...text.matchAll(/\bnpm (?:run )?([\w:]+)/g)]);
  const unknown = named
    .map(([, script = '']) => script)
    .filter((script) => !(script in scripts) && script !== 'ci');
  expect(named.length).toBeGreaterThan(5);
  expect(unknown).toEqual([]);
});
