// A clock that all processes of this machine share: monotonic, so that nobody sets it while something is measured.

/** Microseconds since some moment in the past, the same for every process. */
export function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
