/** The console as people meet it: a service with tokens on a real database, a receiver, a page around a frame, and a browser. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { signCompanyToken } from '../../src/company-token.ts';
import { openScene, type Scene } from '../service/scene.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { launchBrowser } from './browser.ts';

export const operatorToken = 'operator-of-the-browser-tests';
const tokenSecret = 'a secret of the browser tests, long enough';

export interface ParentPage extends AsyncDisposable {
  readonly origin: string;
  /** What it answers with. */
  html: string;
}

export interface Stage extends AsyncDisposable {
  readonly scene: Scene;
  readonly url: string;
  /** Its origin may show the console in a frame. */
  readonly parent: ParentPage;
  tokenOf(companyId: string, seconds?: number): Promise<string>;
  /** A page with the console in a frame, which gets the first of these tokens when it is ready and the next whenever it needs one. */
  frameGiving(tokens: readonly string[]): string;
  /** Kills the service and starts it again, at another address. */
  restart(): Promise<void>;
  /** The id of the newest delivery in the log, once there is one. */
  deliveryOf(webhookId: string): Promise<string>;
  /** `hash`: the place within the page. Signed in with the token; null: with none. */
  open(hash: string, options?: { readonly token?: string | null } & BrowserContextOptions): Promise<Page>;
}

export async function openStage(): Promise<Stage> {
  const open = new AsyncDisposableStack();
  const parent = open.use(await startParentPage());
  const scene = open.use(await openScene(createItems, environment(parent.origin)));
  const browser = await launchBrowser();
  open.defer(() => browser.close());
  let service = scene.service;
  const failures: string[] = [];
  const tokenOf = (companyId: string, seconds = 600): Promise<string> =>
    signCompanyToken(companyId, { secret: tokenSecret, seconds });
  return {
    scene,
    get url() {
      return service.httpUrl;
    },
    parent,
    tokenOf,
    frameGiving: (tokens) => frameGiving(service.httpUrl, tokens),
    restart: async () => {
      await service.kill('SIGKILL');
      const { serviceUrl: databaseUrl } = scene.database;
      service = open.use(startService({ databaseUrl, env: environment(parent.origin) }));
      await service.ready();
    },
    deliveryOf: (webhookId) => newestDelivery(service.httpUrl, webhookId),
    open: async (hash, { token = operatorToken, ...options } = {}) => {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.on('pageerror', (error) => void failures.push(error.message));
      const fragment =
        token === null ? hash : `#${new URLSearchParams({ token, to: hash.slice(1) }).toString()}`;
      await page.goto(`${service.httpUrl}/${fragment}`);
      return page;
    },
    [Symbol.asyncDispose]: async () => {
      await open.disposeAsync();
      if (failures.length > 0) throw new Error(`the page failed: ${failures.join('; ')}`);
    },
  };
}

async function createItems({ dba }: Scene['database']): Promise<void> {
  await dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null, price numeric, note text);
    select rowhook.enable_table('erp.item', module => 'Stock', label => 'Item')`);
}

function environment(parentOrigin: string): Readonly<Record<string, string>> {
  return {
    ROWHOOK_ADMIN_TOKEN: operatorToken,
    ROWHOOK_TOKEN_SECRET: tokenSecret,
    ROWHOOK_CONSOLE_ORIGINS: parentOrigin,
  };
}

async function newestDelivery(url: string, webhookId: string): Promise<string> {
  const headers = { authorization: `Bearer ${operatorToken}` };
  return await waitUntil(
    async () => {
      const answer = await fetch(`${url}/v1/webhooks/${webhookId}/deliveries?limit=1`, { headers });
      const { data } = (await answer.json()) as { readonly data: readonly { readonly id: string }[] };
      return data[0]?.id;
    },
    { describe: `a delivery of ${webhookId} in the log` },
  );
}

async function startParentPage(): Promise<ParentPage> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(parent.html);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  const parent: ParentPage = {
    origin: `http://127.0.0.1:${port}`,
    html: '',
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return parent;
}

function frameGiving(url: string, tokens: readonly string[]): string {
  return `<!doctype html><iframe src="${url}/#/webhooks" width="1000" height="700"></iframe><script>
    const tokens = ${JSON.stringify(tokens)};
    const asked = [];
    const askedAt = [];
    addEventListener('message', ({ origin, source, data }) => {
      if (origin !== '${url}') return;
      asked.push(data.type);
      askedAt.push(Date.now());
      const token = tokens.shift();
      if (token !== undefined) source.postMessage({ type: 'rowhook:token', token }, origin);
    });
  </script>`;
}
