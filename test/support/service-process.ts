/**
 * The service as what it is in production: a process of its own, started with an environment, judged by its log lines,
 * its health checks and its exit code. Each database has a slot of its own name, because slots belong to the cluster.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { onTestFailed } from 'vitest';
import { childEnvironment } from './child-environment.ts';
import { http } from './http.ts';
import { DEFAULT_TIMEOUT_MS, waitUntil, within } from './wait.ts';

export interface ServiceOptions {
  readonly databaseUrl: string;
  /** Over the defaults: any free port, 127.0.0.1 as an allowed target, debug log, a slot named as the database. */
  readonly env?: Readonly<Record<string, string>>;
  /** What Node runs; default: the sources. */
  readonly main?: string;
  /** Which lines of its log are kept, in `logs` and `output`; default: all. A long run has millions of them. */
  readonly keepsLine?: (line: LogLine) => boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One JSON line of the log; `msg` is the sentence. */
export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number;
  readonly slot: string;
  /** Where it listens; known as soon as `ready` or `listening` has resolved. */
  readonly httpUrl: string;
  readonly exited: Promise<Exit>;
  /** All that it has written so far, stdout and stderr. */
  readonly output: string;
  readonly logs: readonly LogLine[];
  listening(): Promise<string>;
  /** Until /readyz answers 200: it streams. Fails at once when the process ends before. */
  ready(options?: { timeoutMs?: number }): Promise<void>;
  waitForLog(
    wanted: string | ((line: LogLine) => boolean),
    options?: { timeoutMs?: number },
  ): Promise<LogLine>;
  /** Sends the signal, and waits for the end unless it is one that does not end it. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Only sends the signal (SIGSTOP, SIGCONT, a second SIGTERM). */
  signal(signal: NodeJS.Signals): void;
}

const ROOT = resolve(import.meta.dirname, '../..');
const SHOWN_LINES = 40;
// Ends the service when the test's own process is killed: then the pipe's other end closes.
const GUARD_SCRIPT = 'read -r _ || kill -s KILL "$1"';

/** Starts it and returns at once: what `start` says to bad input is seen by `exited` and `output`. */
export function startService(options: ServiceOptions): ServiceProcess {
  const service = new ChildService(options);
  showOutputOnFailure(service);
  return service;
}

class ChildService implements ServiceProcess {
  readonly slot: string;
  readonly exited: Promise<Exit>;
  readonly logs: LogLine[] = [];
  output = '';
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #keepsLine: (line: LogLine) => boolean;
  #exit: Exit | undefined;

  constructor({ databaseUrl, env, main = 'src/main.ts', keepsLine = () => true }: ServiceOptions) {
    this.#keepsLine = keepsLine;
    this.slot = env?.['ROWHOOK_SLOT'] ?? new URL(databaseUrl).pathname.slice(1);
    this.#child = spawn(process.execPath, [main, 'start'], {
      cwd: ROOT,
      env: { ...defaultEnvironment(databaseUrl, this.slot), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const guard = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'sh', String(this.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    guard.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise<Exit>((end, fail) => {
      this.#child.once('error', fail);
      this.#child.once('close', (code, signal) => end({ code, signal }));
    }).then((exit) => {
      guard.stdin.end('done\n');
      return (this.#exit = exit);
    });
    this.exited.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get httpUrl(): string {
    const url = this.logs.find((line) => line.msg === 'listening')?.['url'];
    if (typeof url !== 'string') throw new Error('the service does not listen yet');
    return url.replace(/\/$/, '');
  }

  async listening(): Promise<string> {
    await this.waitForLog('listening');
    return this.httpUrl;
  }

  async ready({ timeoutMs = DEFAULT_TIMEOUT_MS }: { timeoutMs?: number } = {}): Promise<void> {
    const url = await this.listening();
    let answer = 'none';
    await waitUntil(
      async () => {
        this.#failIfEnded('be ready');
        answer = await http.get(`${url}/readyz`).then(
          (response) => `${response.statusCode} ${response.body}`,
          (error: unknown) => String(error),
        );
        return answer.startsWith('200');
      },
      {
        timeoutMs,
        describe: () => `the service to be ready; /readyz: ${answer}; its output:\n${tail(this.output)}`,
      },
    );
  }

  waitForLog(
    wanted: string | ((line: LogLine) => boolean),
    { timeoutMs = DEFAULT_TIMEOUT_MS }: { timeoutMs?: number } = {},
  ): Promise<LogLine> {
    const fits = typeof wanted === 'string' ? (line: LogLine): boolean => line.msg === wanted : wanted;
    return waitUntil(
      () => {
        const line = this.logs.find(fits);
        if (line === undefined) this.#failIfEnded(`log ${String(wanted)}`);
        return line;
      },
      { timeoutMs, describe: () => `the log line ${String(wanted)}; the output:\n${tail(this.output)}` },
    );
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.#child.kill(signal);
    return within(this.exited, {
      describe: () => `the service to end after ${signal}; its output:\n${tail(this.output)}`,
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit === undefined) await this.kill('SIGKILL');
  }

  #read(line: string): void {
    const parsed = parseLine(line);
    if (parsed !== null && !this.#keepsLine(parsed)) return;
    this.output += `${line}\n`;
    if (parsed !== null) this.logs.push(parsed);
  }

  #failIfEnded(wish: string): void {
    if (this.#exit === undefined) return;
    const { code, signal } = this.#exit;
    throw new Error(
      `the service ended (code ${code}, signal ${signal}) and will not ${wish}; its output:\n${tail(this.output)}`,
    );
  }
}

function parseLine(line: string): LogLine | null {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null && 'msg' in parsed ? (parsed as LogLine) : null;
  } catch {
    // Not every line needs to be JSON: Node's own warnings are not.
    return null;
  }
}

function defaultEnvironment(databaseUrl: string, slot: string): Readonly<Record<string, string>> {
  return childEnvironment({
    DATABASE_URL: databaseUrl,
    ROWHOOK_SLOT: slot,
    ROWHOOK_LISTEN: '127.0.0.1:0',
    ROWHOOK_ALLOW_TARGETS: '127.0.0.1',
    ROWHOOK_LOG_LEVEL: 'debug',
  });
}

function showOutputOnFailure(service: ServiceProcess): void {
  try {
    onTestFailed(() => {
      process.stderr.write(`service ${service.pid} wrote last:\n${tail(service.output)}\n`);
    });
  } catch {
    // Started outside a test (beforeAll): its waits still show the output.
  }
}

function tail(output: string): string {
  return output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n') || '(nothing)';
}
