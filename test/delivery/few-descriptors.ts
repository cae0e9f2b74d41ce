/** A process that may open few files: posts to many origins in turn, then to all of them at once. Prints the outcomes as JSON. */
import { localPoster, postWith } from './post-with.ts';

const [port = '', hangingPort = ''] = process.argv.slice(2);
const hosts = Array.from({ length: 80 }, (_, n) => `127.0.1.${n + 1}`);
await using poster = localPoster();
const inTurn = [];
for (const host of hosts) inTurn.push(await postWith(poster, { url: `http://${host}:${port}/` }));
const together = await Promise.all(
  hosts.map((host) => postWith(poster, { url: `http://${host}:${hangingPort}/`, timeoutMs: 1_000 })),
);
const after = await postWith(poster, { url: `http://127.0.0.1:${port}/` });
process.stdout.write(JSON.stringify({ inTurn, together, after }));
