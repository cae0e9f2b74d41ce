// Where a test wants this process to end or to freeze: at one named step, when that is reached for the n-th time. Invariant: nothing
// happens unless ROWHOOK_FAILPOINT names a step, which it never does in production.

/** In the order of a change's way, the one through the backlog, and those of a takeover. */
export const failpoints = [
  // Read from the log and not claimed.
  'received',
  // Durably, and nothing sent.
  'claimed',
  // Its bytes are out, and no answer has been read.
  'written',
  // Its outcome is known and not stored.
  'answered',
  // Its outcome is stored.
  'folded',
  // Postgres was told that it may forget more.
  'confirmed',
  // In the backlog, durably, and this process does not know it yet.
  'stored',
  // Claimed out of the backlog durably, and nothing sent.
  'claimed-from-backlog',
  // The slot is ours, and the term is not.
  'slot-held',
  // The term is ours, and nothing is read.
  'term-taken',
] as const;

export type FailpointStep = (typeof failpoints)[number];

const signals = { kill: 'SIGKILL', stop: 'SIGSTOP' } as const;

export interface Failpoint {
  readonly step: FailpointStep;
  readonly signal: (typeof signals)[keyof typeof signals];
  /** Which time the step is reached, from 1. */
  readonly time: number;
}

export const failpointForm =
  'is for tests: a step, then :kill or :stop, then perhaps which time it is reached, such as claimed:stop or ' +
  `claimed:kill@7; the steps are ${failpoints.join(', ')}`;

export function parseFailpoint(value: string): Failpoint | null {
  const parts = /^([a-z-]+):(kill|stop)(?:@([1-9]\d{0,8}))?$/.exec(value);
  const step = failpoints.find((each) => each === parts?.[1]);
  if (step === undefined) return null;
  return { step, signal: parts?.[2] === 'kill' ? signals.kill : signals.stop, time: Number(parts?.[3] ?? 1) };
}

let armed: Failpoint | undefined;
let reached = 0;

export function armFailpoint(wanted: Failpoint | undefined): void {
  armed = wanted;
  reached = 0;
}

/** This step is reached. */
export function failpoint(step: FailpointStep): void {
  if (armed?.step !== step) return;
  reached += 1;
  if (reached === armed.time) process.kill(process.pid, armed.signal);
}

/** As `failpoint`, once what was just written to sockets is out of this process. */
export function failpointAfterWrite(step: FailpointStep): void {
  if (armed?.step === step) setImmediate(failpoint, step);
}
