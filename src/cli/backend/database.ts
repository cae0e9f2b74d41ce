/** The database itself, with the rights of DATABASE_URL's login: each question has a session of its own. */
import { statusReport } from '../../checks/status-report.ts';
import type { Config } from '../../config.ts';
import { listDeliveries } from '../../database/deliveries.ts';
import { readHistory } from '../../database/history.ts';
import { listLosses } from '../../database/losses.ts';
import { withDatabase } from '../../database/open-database.ts';
import {
  createWebhook,
  describeSight,
  deleteWebhooks,
  findWebhook,
  findWithWholeUrl,
  listWebhooks,
  updateWebhook,
} from '../../database/webhooks.ts';
import { withClient } from '../../database/with-client.ts';
import { createPoster } from '../../delivery/post.ts';
import {
  changedColumns,
  deliveryJson,
  lossJson,
  newWebhookRow,
  testedOf,
  webhookJson,
} from '../../http/shapes.ts';
import { postTest, testPayload } from '../../test-send.ts';
import { explain } from '../../webhooks/why.ts';
import type { Backend } from './backend.ts';
import { databaseResend } from './database-resend.ts';
import { requireOpenTarget } from './target.ts';

export function databaseBackend(config: Config): Backend {
  return {
    knowsCompany: false,
    sendsItself: true,
    listWebhooks: async (filter) =>
      (await withDatabase(config, (db) => listWebhooks(db, filter))).map(webhookJson),
    describeSight: () => withDatabase(config, describeSight),
    findWebhook: async (id) => webhookJson(await withDatabase(config, (db) => findWebhook(db, id))),
    createWebhook: async (webhook) => {
      await requireOpenTarget(webhook.url, config);
      const row = newWebhookRow(webhook, webhook.companyId ?? null);
      return webhookJson(await withDatabase(config, (db) => createWebhook(db, row)));
    },
    updateWebhook: async (id, changes) => {
      if (changes.url !== undefined) await requireOpenTarget(changes.url, config);
      const columns = changedColumns(changes);
      return webhookJson(await withDatabase(config, (db) => updateWebhook(db, id, columns)));
    },
    deleteWebhooks: (ids) => withDatabase(config, (db) => deleteWebhooks(db, ids)),
    testWebhook: async (id) => {
      const { url, payload } = await withDatabase(config, async (db) => {
        const webhook = testedOf(await findWithWholeUrl(db, id));
        return { url: webhook.url, payload: await testPayload(db, webhook) };
      });
      await using poster = createPoster(config);
      return await postTest(poster, url, payload);
    },
    listDeliveries: async (filter, wantsBodies) =>
      (await withDatabase(config, (db) => listDeliveries(db, filter, wantsBodies))).map(deliveryJson),
    listLosses: async (filter) =>
      (await withDatabase(config, (db) => listLosses(db, { ...filter, before: null }))).map(lossJson),
    ...databaseResend(config),
    why: (record) => withDatabase(config, async (db) => explain(await readHistory(db, record))),
    status: () => withClient(config, (client) => statusReport(client, config.slot)),
  };
}
