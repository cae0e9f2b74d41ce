// Somebody who asks the API one request after the other, and times each from sending it until all of its answer is there. A process of its
// own. Prints the times.
import { Agent, request } from 'node:http';

export interface Asked {
  readonly url: string;
  readonly seconds: number;
  /** Between an answer and the next request. */
  readonly restMs: number;
}

export interface Times {
  readonly ms: readonly number[];
  /** Of one answer. */
  readonly bytes: number;
}

const { url, seconds, restMs } = JSON.parse(process.argv[2] ?? '') as Asked;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function ask(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const asked = request(url, { agent }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(bytes);
        else reject(new Error(`${url} answered ${answer.statusCode ?? 0}`));
      });
    });
    asked.on('error', reject).end();
  });
}

const ms: number[] = [];
let bytes = 0;
const endsAt = performance.now() + seconds * 1000;
while (performance.now() < endsAt) {
  const beganAt = performance.now();
  bytes = await ask();
  ms.push(performance.now() - beganAt);
  await new Promise((resolve) => setTimeout(resolve, restMs));
}
agent.destroy();
process.stdout.write(JSON.stringify({ ms, bytes } satisfies Times));
