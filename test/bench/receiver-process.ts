// The receiver of a figure, as a process of its own, so that it takes no memory or time from what is measured.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ReceiverProcess extends AsyncDisposable {
  readonly url: string;
  /** POSTs to this path that were answered. */
  count(path: string): Promise<number>;
  /** What `GET` of a path says. */
  ask(path: string): Promise<string>;
}

const countingReceiver = fileURLToPath(new URL('counting-receiver.ts', import.meta.url));

export async function startReceiverProcess(script = countingReceiver): Promise<ReceiverProcess> {
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = line.toString().trim();
  const ask = async (path: string): Promise<string> => await (await fetch(url + path)).text();
  return {
    url,
    ask,
    count: async (path) => Number(await ask(path)),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
