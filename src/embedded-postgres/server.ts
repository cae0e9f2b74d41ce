/**
 * One Postgres process and the guard that ends it when we are gone, even by SIGKILL: a shell that waits for the end of
 * a pipe whose other end only we hold. Both have a session of their own, so that Ctrl-C reaches us alone and we choose
 * when Postgres stops.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { ExitError } from '../exit-error.ts';
import { heldCommand, letGo } from './held-command.ts';
import { identity, postgresEnvironment, type OsUser } from './os-user.ts';

export interface ServerOptions {
  readonly postgres: string;
  readonly args: readonly string[];
  readonly user: OsUser;
  /** Removed by the guard when we die; undefined: kept, and Postgres is stopped gently. */
  readonly disposableFolder: string | undefined;
}

export type StopMode = 'fast' | 'immediate';

/** A standby: ready to accept read-only connections. */
const READY = /database system is ready to accept (read-only )?connections/;
const KEPT_LINES = 30;
const FAST_STOP_LIMIT_MS = 20_000;
const GUARD_SCRIPT = `read -r _ && exit 0
[ -z "$2" ] && { kill -s INT "$1"; exit 0; }
kill -s QUIT "$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || break; sleep 0.3; done
rm -rf -- "$2"`;

export class PostgresServer {
  readonly #process: ChildProcessByStdio<Writable, null, Readable>;
  readonly #guard: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #lines: string[] = [];
  #isRunning = true;

  private constructor(options: ServerOptions) {
    const common = { cwd: '/', detached: true, ...identity(options.user) };
    this.#process = spawn(...heldCommand(options.postgres, options.args), {
      ...common,
      env: postgresEnvironment(),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const target = [String(this.#process.pid ?? 0), options.disposableFolder ?? ''];
    this.#guard = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'sh', ...target], {
      ...common,
      env: postgresEnvironment(),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#guard.on('error', () => undefined);
    this.#guard.stdin?.on('error', () => undefined);
    this.#process.stderr.on('data', (chunk: Buffer) => this.#keep(chunk));
    this.#exited = new Promise((resolve) => {
      const end = (): void => {
        this.#isRunning = false;
        this.#guard.stdin?.end('done\n');
        resolve();
      };
      this.#process.once('exit', end);
      this.#process.once('error', (error) => {
        this.#keep(Buffer.from(error.message));
        end();
      });
    });
    letGo(this.#process);
  }

  /** Resolves when Postgres accepts connections; fails with Postgres' own last words. */
  static async start(options: ServerOptions): Promise<PostgresServer> {
    const server = new PostgresServer(options);
    const ready = new Promise<true>((resolve) => {
      server.#process.stderr.on('data', () => {
        if (server.#lines.some((line) => READY.test(line))) resolve(true);
      });
    });
    // Not its exit: what it wrote last may arrive after that.
    const closed = new Promise<void>((resolve) => server.#process.once('close', () => resolve()));
    const isReady = await Promise.race([ready, closed]);
    if (isReady !== true) throw new ExitError(`Postgres did not start: ${server.lastLines}`, { exitCode: 1 });
    server.#setKeepsProcessAlive(false);
    return server;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get lastLines(): string {
    return this.#lines.join('\n');
  }

  /** For one that has ended by itself, or is about to. */
  async ended(): Promise<void> {
    this.#setKeepsProcessAlive(true);
    await this.#exited;
  }

  async stop(mode: StopMode): Promise<void> {
    if (!this.#isRunning) return;
    this.#process.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    // A fast stop waits for replication connections; one whose client hangs must not hold us for ever.
    const escalation = setTimeout(() => this.#process.kill('SIGQUIT'), FAST_STOP_LIMIT_MS);
    await this.ended();
    clearTimeout(escalation);
  }

  #keep(chunk: Buffer): void {
    this.#lines.push(...chunk.toString().split('\n').filter(Boolean));
    this.#lines.splice(0, this.#lines.length - KEPT_LINES);
  }

  #setKeepsProcessAlive(isKept: boolean): void {
    const pipes = [this.#process.stderr, this.#guard.stdin];
    for (const handle of [this.#process, this.#guard, ...pipes]) setRef(handle, isKept);
  }
}

function setRef(handle: unknown, isKept: boolean): void {
  const method = isKept ? 'ref' : 'unref';
  if (typeof handle !== 'object' || handle === null || !(method in handle)) return;
  const change: unknown = Reflect.get(handle, method);
  if (typeof change === 'function') Reflect.apply(change, handle, []);
}
