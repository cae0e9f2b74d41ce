// What a page asks first, as zod schemas.
import { z } from 'zod';

const count = z.int();

export const session = z.object({
  kind: z.enum(['operator', 'company']),
  companyId: z.string().nullable(),
  version: z.string(),
  isDemo: z.boolean().meta({ description: 'It was started to be tried, with a sample application' }),
});

export const overview = z.object({
  webhooks: z.array(z.object({ health: z.string(), count })),
  losses: z
    .array(z.object({ reason: z.string(), count: count.nullable() }))
    .meta({ description: 'Of the last hour; count null: unknown, a gap in the log' }),
});

const slot = z.object({
  active: z.boolean(),
  walStatus: z.string().nullable(),
  lagBytes: z.number().nullable(),
  retainedBytes: z.number().nullable(),
  safeWalBytes: z.number().nullable(),
});

export const vitals = z.object({
  isLeading: z
    .boolean()
    .meta({ description: 'False: this process is a standby, and knows nothing of lag and rates' }),
  lagMs: z.number().nullable(),
  inFlight: count,
  waiting: count,
  backlogDeliveries: count,
  backlogBytes: count,
  openBreakers: count,
  slowEndpoints: count,
  slot: slot.nullable().meta({ description: 'null: it is not there, or Postgres did not answer in time' }),
  samples: z
    .array(
      z.object({
        at: z.iso.datetime(),
        lagMs: z.number().nullable(),
        changesPerSecond: z.number(),
        deliveredPerSecond: z.number(),
        failedPerSecond: z.number(),
      }),
    )
    .meta({ description: 'Of the last hour, one for each ten seconds, oldest first' }),
});
