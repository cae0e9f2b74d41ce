#!/usr/bin/env node
/**
 * The process' edge: signals, stderr and exit codes (0 ok, 1 failed, 2 wrong usage or configuration, 3 an operator must act).
 * The first SIGTERM or SIGINT stops a command that drains; any other command, and the second signal, end at once.
 */
import { constants } from 'node:os';
import { styleText } from 'node:util';
import { describeFailure } from './cli/failure.ts';
import { createProgram, runProgram } from './cli/program.ts';

let stop: AbortController | null = null;

function stopSignal(): AbortSignal {
  stop ??= new AbortController();
  return stop.signal;
}

// npm passes on the Ctrl-C that the terminal has already sent to everybody: the same press arrives twice within milliseconds.
const samePressMs = 300;
let stoppedAt = 0;

function onSignal(signal: 'SIGTERM' | 'SIGINT'): void {
  if (stop === null) process.exit(128 + constants.signals[signal]);
  if (!stop.signal.aborted) {
    stoppedAt = performance.now();
    stop.abort();
  } else if (performance.now() - stoppedAt > samePressMs) {
    process.stderr.write('rowhook: ending at once; what is in flight will be counted as interrupted\n');
    process.exit(128 + constants.signals[signal]);
  }
}

async function run(): Promise<number> {
  const program = createProgram({
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    // As NO_COLOR, FORCE_COLOR and the terminal say.
    hasColors: styleText('red', '-', { stream: process.stdout }) !== '-',
    write: (text) => process.stdout.write(`${text}\n`),
    warn: (text) => process.stderr.write(`${text}\n`),
    stopSignal,
  });
  try {
    await runProgram(program, process.argv);
    return 0;
  } catch (error) {
    const { text, exitCode } = describeFailure(error);
    process.stderr.write(`${text}\n`);
    return exitCode;
  }
}

process.on('SIGTERM', onSignal);
process.on('SIGINT', onSignal);
// `rowhook webhook list | head` closes the pipe before we are done: no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
const code = await run();
process.stdout.write('', () => process.exit(code));
