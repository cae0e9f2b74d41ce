/** Sending again, from the delivery log in the database itself, by this process. */
import type { Config } from '../../config.ts';
import { explaining } from '../../database/explain-error.ts';
import { readDelivery } from '../../database/logged-delivery.ts';
import { withDatabase } from '../../database/open-database.ts';
import type { Selected } from '../../database/resend-selection.ts';
import { createPoster } from '../../delivery/post.ts';
import { countResend, planResend, resend, resendPage, type ResendParts } from '../../resend.ts';
import type { Backend, ToResend } from './backend.ts';

const pageSize = 100;

export function databaseResend(config: Config): Pick<Backend, 'countResend' | 'resend'> {
  return {
    countResend: (wanted) => withParts({ config, warn: () => undefined }, (parts) => countOf(parts, wanted)),
    resend: (wanted, { signal, onPage, warn }) =>
      withParts({ config, warn }, async (parts) => {
        if (wanted.kind === 'one') {
          onPage([await resend(parts, wanted.id)], false);
          return 'done';
        }
        const plan = await planResend(parts, wanted.webhook, wanted.wanted);
        let after: string | null = null;
        while (!signal.aborted) {
          const page = await resendPage(parts, plan, { after, limit: pageSize, signal });
          after = page.last;
          onPage(page.data, page.hasMore);
          if (!page.hasMore) return 'done';
        }
        return 'stopped';
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

interface Sources extends Pick<ResendParts, 'warn'> {
  readonly config: Config;
}

async function withParts<T>({ config, warn }: Sources, use: (parts: ResendParts) => Promise<T>): Promise<T> {
  await using poster = createPoster(config);
  return await withDatabase(config, (db) => {
    const within: ResendParts['within'] = (ask) => explaining(config.databaseUrl, () => ask(db));
    return use({ within, note: within, poster, warn, isOperator: true });
  });
}
