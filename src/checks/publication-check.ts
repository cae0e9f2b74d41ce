// Judges the publication: whether it is there, carries what it must, and is still the one that the service began with.
import {
  publicationName,
  readPublication,
  requireSamePublication,
  type PublicationOptions,
} from '../database/publication.ts';
import type { Queries } from '../database/queries.ts';
import type { State } from '../database/state.ts';
import { ExitError } from '../exit-error.ts';
import { fail, failOf, ok, type Check } from './check.ts';

/** In the words with which `start` ends; `state`: null before the very first start. */
export async function checkPublication(db: Queries, state: State | null): Promise<Check> {
  try {
    const options = await readPublication(db);
    if (state !== null) requireSamePublication(state.publicationOptions, options);
    return judgeOptions(options);
  } catch (error) {
    if (error instanceof ExitError) return failOf('publication', error);
    throw error;
  }
}

const operations = { pubinsert: 'insert', pubupdate: 'update', pubdelete: 'delete', pubtruncate: 'truncate' };

export function judgeOptions(options: PublicationOptions): Check {
  const published = Object.entries(operations).flatMap(([column, name]) =>
    options[column] === true ? [name] : [],
  );
  const isViaRoot = options['pubviaroot'] === true;
  const generated = options['pubgencols'];
  const missing = [
    published.length === 4 ? '' : `publish = '${Object.values(operations).join(', ')}'`,
    isViaRoot ? '' : 'publish_via_partition_root = true',
    generated === undefined || generated === 's' ? '' : 'publish_generated_columns = stored',
  ].filter((option) => option !== '');
  const detail =
    `"${publicationName}" publishes ${published.join(', ') || 'nothing'}` +
    `${isViaRoot ? ', partitions as their root' : ''}${generated === 's' ? ', stored generated columns' : ''}`;
  if (missing.length === 0) return ok('publication', detail);
  return fail(
    'publication',
    `${detail}: what it was made with is missing`,
    `alter publication ${publicationName} set (${missing.join(', ')});`,
  );
}
