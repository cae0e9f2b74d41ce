// `npm run soak`: ends with a report, and with exit code 1 when a check fails.
import { parseFlags } from './flags.ts';
import { reportText } from './report.ts';
import { soak } from './soak.ts';

const {
  minutes,
  seconds = minutes * 60,
  rate,
  webhooks,
  deliveryLog,
  json = false,
} = parseFlags(process.argv);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
  });
}
const result = await soak({
  seconds,
  rate,
  webhooks,
  env: deliveryLog === undefined ? {} : { ROWHOOK_DELIVERY_LOG: deliveryLog },
  stop: stop.signal,
  say: (line) => {
    process.stderr.write(`${line}\n`);
  },
});
process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : `${reportText(result)}\n`);
process.exitCode = result.checks.every(({ holds }) => holds) ? 0 : 1;
