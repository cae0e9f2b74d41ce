/**
 * A process that may open few files: posts to many origins in turn, by address and by name, then to all of them at once. Prints the
 * outcomes as JSON.
 */
import { Resolver } from 'node:dns';
import { parseAllowTargets } from '../../src/delivery/allow-targets.ts';
import { createLookup } from '../../src/delivery/resolver.ts';
import { localPoster, postWith } from './post-with.ts';

const [port = '', hangingPort = '', dns = ''] = process.argv.slice(2);
const hosts = Array.from({ length: 80 }, (_, n) => `127.0.1.${n + 1}`);
const newResolver = (): Resolver => {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([dns]);
  return resolver;
};
const lookup = createLookup(parseAllowTargets([]).allow, { newResolver });
await using poster = localPoster({ lookup, allowHttp: true });
const inTurn = [];
for (const host of hosts) inTurn.push(await postWith(poster, { url: `http://${host}:${port}/` }));
const byName = [];
for (const [n] of hosts.entries()) {
  byName.push(await postWith(poster, { url: `http://h${n}.example.com:${port}/` }));
}
const together = await Promise.all(
  hosts.map((host) => postWith(poster, { url: `http://${host}:${hangingPort}/`, timeoutMs: 1_000 })),
);
const after = await postWith(poster, { url: `http://127.0.0.1:${port}/` });
process.stdout.write(JSON.stringify({ inTurn, byName, together, after }));
