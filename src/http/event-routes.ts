// /v1/events: what happens, while it happens, as server-sent events.
import { z } from 'zod';
import type { EventStreams } from './event-streams.ts';
import { isTime } from './page.ts';
import { Problem } from './problem.ts';
import { route, type Route } from './route.ts';

export function eventRoutes(streams: EventStreams): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/events',
      id: 'listenToEvents',
      summary: 'What happens from now on, as server-sent events, until the token expires',
      description:
        'The events `delivery` (as /v1/webhooks/{id}/deliveries has it; its id is its `at`), `webhook` (as /v1/webhooks/{id} has it, whenever it or its counters ' +
        'changed; of a deleted one `{"id", "isDeleted": true}`), `gap` (`{"from", "to"}`: between these times there are more deliveries than were sent) and ' +
        '`end` (`{"reason", "detail"}`, the last one: slow, expired or stopping); for the operator also `status` (leader, standbys, slot, lag and rates).',
      isLive: true,
      answers: {
        200: { description: 'A stream that stays open', schema: z.string(), mediaType: 'text/event-stream' },
      },
      handle: async ({ principal, lastEventId }) => {
        if (lastEventId !== undefined && !isTime(lastEventId)) {
          throw new Problem(400, 'Last-Event-ID is no id of an event of this stream.');
        }
        const body = await streams.open(principal, lastEventId);
        return { status: 200, body, headers: { 'content-type': 'text/event-stream; charset=utf-8' } };
      },
    }),
  ];
}
