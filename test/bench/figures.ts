// The figures that `npm run bench` knows, in the order in which they run.
import { InvalidArgumentError } from 'commander';
import { nearestName } from '../../src/nearest-name.ts';
import { api } from './api.ts';
import { backlog } from './backlog.ts';
import { manyCompanies } from './companies.ts';
import { drain } from './drain.ts';
import { encode } from './encode.ts';
import type { Figure } from './figure.ts';
import { isolation } from './isolation.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { neighbours } from './neighbours.ts';
import { reading } from './reading.ts';
import { sweeps } from './sweeps.ts';
import { writes } from './writes.ts';

export const figures: readonly Figure[] = [
  encode,
  drain,
  manyCompanies,
  reading,
  latency,
  isolation,
  memory,
  backlog,
  neighbours,
  writes,
  api,
  ...sweeps,
];

/** Throws for a name that no figure has. */
export function figureNamed(name: string, known: readonly Figure[] = figures): Figure {
  const found = known.find((figure) => figure.name === name);
  if (found !== undefined) return found;
  const names = known.map((figure) => figure.name);
  const nearest = nearestName(name, names);
  const hint = nearest === null ? '' : ` Did you mean ${nearest}?`;
  throw new InvalidArgumentError(`There is no figure "${name}".${hint} Known: ${names.join(', ')}.`);
}
