// `npm run test:chaos`: the long run. Ends with a report, and with exit code 1 when anything arrived twice or is unexplained.
import { parseFlags } from './random/flags.ts';

const {
  minutes,
  kills,
  rate,
  seed = Math.floor(Math.random() * 2 ** 31),
  postgres,
} = parseFlags(process.argv);
// Read when the modules below are loaded.
if (postgres !== undefined) process.env['TEST_POSTGRES'] = postgres;
const { runRandomKills } = await import('./random/random-kills.ts');
const { isGreen, reportText } = await import('./random/report.ts');

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say('Interrupted: nothing more breaks');
    stop.abort();
  });
}
say(`seed ${seed}`);
const result = await runRandomKills({
  seed,
  kills,
  limitMs: minutes * 60_000,
  changesPerSecond: rate,
  stillMs: 60_000,
  stop: stop.signal,
  say,
});
say(reportText(result, seed));
// Left to end by itself, Node sometimes turns in circles over a socket that was cut.
process.stdout.write('', () => process.exit(isGreen(result) ? 0 : 1));
