// The result of a soak in words and figures.
import { machineText } from '../bench/machine.ts';
import type { EndpointKind } from './endpoints.ts';
import { endpointKinds, kindOf, pathOf } from './endpoints.ts';
import type { Sample } from './samples.ts';
import type { SoakResult } from './soak.ts';
import { medianOf, windows } from './verdict.ts';

const fields: readonly (readonly [Exclude<keyof Sample, 'seconds'>, string, number])[] = [
  ['rssMb', 'memory (RSS), MB', 0],
  ['heapMb', 'heap in use, MB', 1],
  ['buffersMb', 'buffers, MB', 1],
  ['lagMb', 'lag, MB', 1],
  ['lagSeconds', 'lag, s', 2],
  ['walMb', 'log kept for the slot, MB', 0],
  ['backlogRows', 'rows in the backlog', 0],
  ['connections', 'open sockets', 0],
];

export function reportText(result: SoakResult): string {
  const { machine, maximum, rate, seconds, written, transactions, webhooks, samples } = result;
  const { first, last, warmUpSeconds } = windows(result);
  const measured = maximum === null ? '' : `, half of the ${Math.round(maximum)} that went out of a burst`;
  const rows = fields.map(([field, name, digits]) => [
    name,
    ...[
      medianOf(first, field),
      medianOf(last, field),
      Math.max(...samples.map((sample) => sample[field])),
    ].map((value) => value.toFixed(digits)),
  ]);
  return [
    machineText(machine),
    `${webhooks} webhooks, ${rate} changes/s wanted${measured}; ${written} written in ${seconds.toFixed(0)} s ` +
      `(${(written / seconds).toFixed(0)}/s), ${transactions} transactions`,
    '',
    ...table([['median', `after ${warmUpSeconds.toFixed(0)} s`, 'at last', 'most'], ...rows]),
    '',
    ...table([
      ['endpoints', 'webhooks', 'expected', 'received', 'claimed', 'success', 'error'],
      ...endpointKinds.map((kind) => kindRow(result, kind)),
    ]),
    '',
    `when the load ended ${result.waited} deliveries waited for endpoints that hang; once they answered, that and ` +
      `the counters took ${(result.waited / result.waitedPerSecond).toFixed(0)} s (${result.waitedPerSecond.toFixed(0)} a second)`,
    '',
    ...result.checks.map(({ rule, holds, detail }) => `${holds ? 'ok    ' : 'FAILED'}  ${rule}: ${detail}`),
  ].join('\n');
}

function kindRow({ webhooks, expected, received, books }: SoakResult, kind: EndpointKind): string[] {
  const numbers = expected.map((_, no) => no).filter((no) => kindOf(no, webhooks) === kind);
  const sum = (value: (no: number) => number | undefined): string =>
    String(numbers.reduce((total, no) => total + (value(no) ?? 0), 0));
  return [
    kind,
    String(numbers.length),
    sum((no) => expected[no]),
    sum((no) => received[pathOf(no, webhooks)]?.received),
    sum((no) => books[no]?.claimed),
    sum((no) => books[no]?.success),
    sum((no) => books[no]?.error),
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}
