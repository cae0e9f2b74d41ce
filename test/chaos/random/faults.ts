/** What breaks, one after the other, drawn from the seed alone: kinds, moments and places. */
import { failpoints } from '../../../src/failpoint.ts';
import type { Dice } from './dice.ts';

const serviceSteps = failpoints.filter((step) => step !== 'slot-held' && step !== 'term-taken');

/** How often each, in parts. `kills` are those that end a process; the rest breaks lines or freezes. */
const weights = {
  'kill service': 30,
  'service dies at a step': 20,
  'service dies while it takes over': 4,
  'kill standby': 2,
  'kill walsender': 6,
  'terminate walsender': 8,
  'kill Postgres': 8,
  'stop Postgres at once': 3,
  'kill Postgres and service': 4,
  'kill endpoint': 4,
  'endpoint answers and dies': 3,
  'freeze service': 3,
  'freeze service, standby takes over': 5,
  'cut database lines': 2,
  'cut after a claim went out': 4,
  'cut after a fold went out': 2,
  'stall database lines': 2,
  'half-close database lines': 2,
  'cut endpoint lines': 2,
  'stall endpoint lines': 2,
  'half-close endpoint lines': 2,
  'refuse endpoint lines': 1,
} as const;

export type FaultKind = keyof typeof weights;

export const faultKinds = Object.keys(weights) as readonly FaultKind[];

export interface Fault {
  readonly kind: FaultKind;
  /** False: at once, whatever the service is doing, also in the middle of its start. */
  readonly whenReady: boolean;
  /** Before it happens. */
  readonly afterMs: number;
  /** How long a stall or a freeze lasts. */
  readonly forMs: number;
  /** For a service that dies at a step. */
  readonly failpoint: string;
  readonly direction: 'toServer' | 'toClient';
  /** Whether a second service is to run beside the first afterwards. */
  readonly withStandby: boolean;
}

export function drawFault(dice: Dice): Fault {
  const kind = dice.weighted(weights);
  const step =
    kind === 'service dies while it takes over'
      ? dice.pick(['slot-held', 'term-taken'])
      : dice.pick(serviceSteps as [string, ...string[]]);
  const time = kind === 'service dies while it takes over' ? 1 : timeOf(step, dice);
  return {
    kind,
    whenReady: dice.chance(0.85),
    afterMs: dice.between(0, 600),
    forMs: dice.between(100, 1_200),
    failpoint: `${step}:kill@${time}`,
    direction: dice.pick(['toServer', 'toClient']),
    withStandby: dice.chance(0.3),
  };
}

// Claims are batches, folds come once a second: the rest is reached for each delivery.
function timeOf(step: string, dice: Dice): number {
  if (step === 'folded') return dice.between(1, 2);
  return step === 'claimed' || step === 'confirmed' ? dice.between(1, 5) : dice.between(1, 600);
}

export function isKill(kind: FaultKind): boolean {
  return /kill|dies|terminate|stop Postgres/.test(kind);
}
