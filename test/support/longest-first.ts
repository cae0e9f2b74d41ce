/**
 * The order of the files: the longest first, so that none is left alone with the last worker. How long each took is known where it ran
 * before; in a fresh clone only what is named here is known to be long.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The longest first: beginnings of paths below test/. */
const long = [
  'chaos/failure-table',
  'docs/runbooks',
  'oracle/',
  'chaos/random-kills',
  'chaos/',
  'embedded-postgres-interrupted',
  'start/',
  'docs/blocks',
  'model/schedules',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    if (files.every((file) => this.ctx.cache.getTestSpecificationResult(file) !== undefined)) return sorted;
    return sorted.sort((a, b) => a.project.name.localeCompare(b.project.name) || place(a) - place(b));
  }
}

function place({ moduleId }: TestSpecification): number {
  const found = long.findIndex((beginning) => moduleId.includes(`/test/${beginning}`));
  return found === -1 ? long.length : found;
}
