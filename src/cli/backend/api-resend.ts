/** Sending again, by a running service over its API: a page of deliveries a request. */
import type { z } from 'zod';
import { ExitError } from '../../exit-error.ts';
import { foundDelivery, resent, resentPage } from '../../http/schemas.ts';
import type { ResendMany } from '../../http/parts.ts';
import type { ApiClient } from './api-client.ts';
import type { Backend } from './backend.ts';

type Page = z.output<typeof resentPage>;

export function apiResend(api: ApiClient): Pick<Backend, 'countResend' | 'resend'> {
  return {
    countResend: async (wanted) => {
      if (wanted.kind === 'one') {
        const { body } = await api.get<z.output<typeof foundDelivery>>(oneOf(wanted.id), {}, foundDelivery);
        return { count: 1, withoutBody: body === null ? 1 : 0 };
      }
      const body = { ...rangeOf(wanted.wanted), dryRun: true };
      const answer = await api.send<Page>('post', manyOf(wanted.webhook), body, resentPage);
      return { count: answer.count ?? 0, withoutBody: answer.withoutBody ?? 0 };
    },
    resend: async (wanted, { signal, onPage }) => {
      if (wanted.kind === 'one') {
        onPage([await api.send('post', `${oneOf(wanted.id)}/resend`, {}, resent)], false);
        return 'done';
      }
      const path = manyOf(wanted.webhook);
      const range = rangeOf(wanted.wanted);
      let cursor: string | null = null;
      do {
        if (signal.aborted) return 'stopped';
        const query: string = cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`;
        // The service begins nothing more once this is aborted.
        const page = await api
          .send<Page>('post', `${path}${query}`, range, resentPage, signal)
          .catch(stopped(signal));
        if (page === null) return 'cut';
        cursor = page.nextCursor;
        onPage(page.data, cursor !== null);
      } while (cursor !== null);
      return 'done';
    },
  };
}

function stopped(signal: AbortSignal): (error: unknown) => null {
  return (error) => {
    if (signal.aborted) return null;
    throw error;
  };
}

function oneOf(id: string): string {
  return `v1/deliveries/${encodeURIComponent(id)}`;
}

function manyOf(webhook: string | null): string {
  if (webhook !== null) return `v1/webhooks/${encodeURIComponent(webhook)}/resend`;
  throw new ExitError('over the API, say whose loss it is', {
    exitCode: 2,
    remedy: 'Add --webhook <id>, as `rowhook losses` shows it.',
  });
}

function rangeOf(wanted: ResendMany): object {
  return 'loss' in wanted ? { loss: wanted.loss } : { ...wanted };
}
