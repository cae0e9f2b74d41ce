/** Sending again, from the delivery log in the database itself, by this process. */
import type { Config } from '../../config.ts';
import { readDelivery } from '../../database/logged-delivery.ts';
import { withDatabase } from '../../database/open-database.ts';
import type { Selected } from '../../database/resend-selection.ts';
import { createPoster } from '../../delivery/post.ts';
import { countResend, planResend, resend, resendPage, type ResendParts } from '../../resend.ts';
import type { Backend, ToResend } from './backend.ts';

const pageSize = 100;

export function databaseResend(config: Config): Pick<Backend, 'countResend' | 'resend'> {
  return {
    countResend: (wanted) => withParts(config, (parts) => countOf(parts, wanted)),
    resend: (wanted, { signal, onPage }) =>
      withParts(config, async (parts) => {
        if (wanted.kind === 'one') {
          onPage([await resend(parts, wanted.id)], false);
          return 'done';
        }
        const plan = await planResend(parts, wanted.webhook, wanted.wanted);
        let after: string | null = null;
        do {
          const page = await resendPage(parts, plan, { after, limit: pageSize, signal });
          after = page.last;
          onPage(page.data, after !== null);
        } while (after !== null && !signal.aborted);
        return after === null ? 'done' : 'stopped';
      }),
  };
}

async function countOf(parts: ResendParts, wanted: ToResend): Promise<Selected> {
  if (wanted.kind === 'many') {
    return await countResend(parts, await planResend(parts, wanted.webhook, wanted.wanted));
  }
  const { body } = await parts.within((db) => readDelivery(db, wanted.id));
  return { count: 1, withoutBody: body === null ? 1 : 0 };
}

async function withParts<T>(config: Config, use: (parts: ResendParts) => Promise<T>): Promise<T> {
  await using poster = createPoster(config);
  return await withDatabase(config, (db) => use({ within: (ask) => ask(db), poster, isOperator: true }));
}
