/** A running service, over its API: the same answers, within what the token opens. */
import { z } from 'zod';
import { ExitError } from '../../exit-error.ts';
import {
  delivery,
  explanation,
  loss,
  maxPage,
  maxPageOfBodies,
  pageOf,
  status,
  testResult,
  webhook,
} from '../../http/schemas.ts';
import type { WebhookJson } from '../../http/shapes.ts';
import type { ApiClient, Query } from './api-client.ts';
import { apiResend } from './api-resend.ts';
import type { Backend } from './backend.ts';

export function apiBackend(api: ApiClient): Backend {
  const pathOf = (id: string): string => `v1/webhooks/${encodeURIComponent(id)}`;
  const find: Backend['findWebhook'] = async (id) => stored(await api.get(pathOf(id), {}, webhook));
  return {
    knowsCompany: true,
    sendsItself: false,
    listWebhooks: async ({ companyId: company, table }) =>
      (
        await readPages<WebhookJson>(api, 'v1/webhooks', webhook, {
          query: { company, table },
          limit: Infinity,
        })
      ).map(stored),
    describeSight: () => Promise.resolve(null),
    findWebhook: find,
    createWebhook: async (body) => stored(await api.send('post', 'v1/webhooks', body, webhook)),
    updateWebhook: async (id, changes) => stored(await api.send('patch', pathOf(id), changes, webhook)),
    deleteWebhooks: async (ids) => {
      for (const id of ids) await find(id);
      for (const [index, id] of ids.entries()) {
        await api.send('delete', pathOf(id), undefined, z.unknown()).catch((error: unknown) => {
          throw sayingWhatIsDeleted(error, ids, index);
        });
      }
    },
    testWebhook: (id) => api.send('post', `${pathOf(id)}/test`, {}, testResult),
    listDeliveries: ({ outcomes, since, limit, ...rest }, wantsBodies) => {
      const query = {
        ...rest,
        outcome: outcomes?.join(','),
        since: since?.toISOString(),
        bodies: String(wantsBodies),
      };
      const perPage = wantsBodies ? maxPageOfBodies : maxPage;
      return readPages(api, 'v1/deliveries', delivery, { query, limit, perPage });
    },
    listLosses: ({ since, limit, ...rest }) =>
      readPages(api, 'v1/losses', loss, { query: { ...rest, since: since?.toISOString() }, limit }),
    ...apiResend(api),
    why: (record) => api.get('v1/why', record, explanation),
    status: () => api.get('v1/status', {}, status),
  };
}

// Each is a request of its own: those before the one that failed are gone.
function sayingWhatIsDeleted(error: unknown, ids: readonly string[], failedAt: number): unknown {
  if (!(error instanceof ExitError) || ids.length === 1) return error;
  const { exitCode, remedy, refusal } = error;
  const deleted = failedAt === 0 ? 'none' : ids.slice(0, failedAt).join(', ');
  const left = ids.slice(failedAt).join(', ');
  return new ExitError(
    `${error.message}\nDeleted so far: ${deleted}. Not deleted, or not known to be: ${left}.`,
    {
      exitCode,
      remedy,
      refusal,
      cause: error,
    },
  );
}

// What the process that answers has counted itself is nothing that the database could tell.
function stored({ activity: _activity, ...all }: WebhookJson & { readonly activity?: unknown }): WebhookJson {
  return all;
}

interface Pages {
  readonly query: Query;
  /** Rows of all pages together. */
  readonly limit: number;
  readonly perPage?: number;
}

async function readPages<T>(
  api: ApiClient,
  path: string,
  item: z.ZodObject,
  { query, limit, perPage = maxPage }: Pages,
): Promise<T[]> {
  const rows: T[] = [];
  const page = pageOf(item);
  let cursor: string | null | undefined;
  do {
    const size = Math.min(perPage, limit - rows.length);
    const answer: { data: T[]; nextCursor: string | null } = await api.get(
      path,
      { ...query, limit: String(size), cursor },
      page,
    );
    rows.push(...answer.data);
    cursor = answer.nextCursor;
  } while (cursor !== null && rows.length < limit);
  return rows;
}
