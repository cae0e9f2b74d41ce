// The cheap receiver of the figures about sending, as a process of its own: it takes no time from what is measured but the machine's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../support/wait.ts';

export interface Arrived {
  readonly count: number;
  /** Microseconds of the clock that all processes share. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** Opened since the last reset, by anybody. */
  readonly connections: number;
}

export interface RawReceiver extends AsyncDisposable {
  readonly url: string;
  arrived(path: string): Promise<Arrived>;
  /** Until so many are there; fails when more are, or when none came for a minute. */
  waitFor(path: string, count: number): Promise<Arrived>;
  /** Of /timed paths: microseconds from the row's `sent_at` to here, in order of arrival. */
  latencies(path: string): Promise<number[]>;
  /** Of the first POST. */
  body(path: string): Promise<string>;
  reset(): Promise<void>;
}

const longestSilenceMs = 60_000;

export async function startRawReceiver(tls?: { key: string; cert: string }): Promise<RawReceiver> {
  const script = fileURLToPath(new URL('raw-receiver.ts', import.meta.url));
  const args = tls === undefined ? [] : [tls.key, tls.cert];
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url, controlUrl } = JSON.parse(line.toString()) as { url: string; controlUrl: string };
  const ask = async (what: string, path = ''): Promise<unknown> =>
    await (await fetch(`${controlUrl}/${what}?path=${encodeURIComponent(path)}`)).json();
  const arrived = async (path: string): Promise<Arrived> => (await ask('arrived', path)) as Arrived;
  return {
    url,
    arrived,
    waitFor: async (path, count) => await waitForArrivals(() => arrived(path), count),
    latencies: async (path) => (await ask('latencies', path)) as number[],
    body: async (path) => (await ask('body', path)) as string,
    reset: async () => {
      await ask('reset');
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function waitForArrivals(arrived: () => Promise<Arrived>, count: number): Promise<Arrived> {
  let last = await arrived();
  let movedAt = performance.now();
  return await waitUntil(
    async () => {
      const seen = await arrived();
      if (seen.count > count) throw new Error(`${seen.count} POSTs arrived, not ${count}`);
      if (seen.count > last.count) movedAt = performance.now();
      if (performance.now() - movedAt > longestSilenceMs)
        throw new Error(`${seen.count} of ${count} POSTs arrived, and then none for a minute`);
      last = seen;
      return seen.count === count ? seen : undefined;
    },
    { timeoutMs: 3_600_000, intervalMs: 50, describe: `${count} POSTs` },
  );
}

/** From the first POST to the last. */
export function perSecond({ count, firstAt, lastAt }: Arrived): number {
  return ((count - 1) / (lastAt - firstAt)) * 1e6;
}
