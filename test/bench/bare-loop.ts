// The baseline of the figures about sending, as a process of its own: a loop of `undici.request` that posts one body over and over,
// each connection one at a time. It knows nothing of claims, order or outcomes. Prints the CPU time that it took.
import { Pool, request } from 'undici';

export interface BareLoop {
  readonly url: string;
  readonly body: string;
  readonly connections: number;
  readonly count: number;
}

const { url, body, connections, count } = JSON.parse(process.argv[2] ?? '') as BareLoop;
const dispatcher = new Pool(new URL(url).origin, { connections, pipelining: 1 });
let left = count;

async function post(): Promise<void> {
  while (left > 0) {
    left -= 1;
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      dispatcher,
    });
    await answer.body.dump();
  }
}

await Promise.all(Array.from({ length: connections }, post));
await dispatcher.close();
const { user, system } = process.cpuUsage();
process.stdout.write(`${JSON.stringify({ cpuMicros: user + system })}\n`);
