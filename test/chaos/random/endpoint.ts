/** The endpoint of all webhooks as a process of its own that can be killed, and is then started on the same port. */
import { fork, type ChildProcess } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

export class Endpoint implements AsyncDisposable {
  readonly logFile: string;
  #port = 0;
  #child: ChildProcess | null = null;

  constructor(logFile: string) {
    this.logFile = logFile;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const child = fork(join(import.meta.dirname, 'endpoint-process.ts'), [String(this.#port), this.logFile]);
    this.#child = child;
    this.#port = await new Promise<number>((resolve, reject) => {
      child.once('message', (port) => resolve(Number(port)));
      child.once('exit', (code, signal) => reject(new Error(`the endpoint ended: ${code ?? signal}`)));
    });
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = exited(child);
    child.kill('SIGKILL');
    await ended;
  }

  /** It answers one more request and ends. Resolves when it has ended. */
  async dieAfterNextAnswer(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const ended = exited(child);
    child.send('die');
    await ended;
  }

  /** Grows with each request. */
  async loggedBytes(): Promise<number> {
    return (await stat(this.logFile).catch(() => ({ size: 0 }))).size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}
