// Keeps V8 from trading memory for speed that nobody here needs. What waits in lanes outlives the young generation, which V8 answers by
// letting that grow to 128 MB, and the old one to four times what is alive in it; and it collects so small a heap with helpers that it has to wait
// for wherever cores are few (docs/decisions/0010).
import { setFlagsFromString } from 'node:v8';

/** For the whole process. All are read anew at each collection, so that they also count for a heap that is in use. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=100');
  setFlagsFromString('--no-parallel-scavenge');
}
