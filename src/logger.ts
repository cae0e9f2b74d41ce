/** The service's log on stdout: readable lines on a terminal, one JSON object per line otherwise. */
import { destination, pino } from 'pino';
import type { Logger } from 'pino';
import pretty from 'pino-pretty';
import type { LogLevel } from './config.ts';

export type { Logger } from 'pino';

export function createLogger(level: LogLevel): Logger {
  // Synchronous, so that the last lines before an exit or a crash are never lost.
  const stdout = destination({ dest: 1, sync: true });
  if (!process.stdout.isTTY)
    return pino(
      { level, base: null, timestamp: isoTime, formatters: { level: (label) => ({ level: label }) } },
      stdout,
    );
  const readable = pretty({
    destination: stdout,
    sync: true,
    colorize: true,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return pino({ level, base: null }, readable);
}

function isoTime(): string {
  return `,"time":"${new Date().toISOString()}"`;
}
