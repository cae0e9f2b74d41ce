/** One plain connection for what runs as a script over it; closed with its scope, and its failures read as sentences for people. */
import pg from 'pg';
import { explaining } from './explain-error.ts';
import type { DatabaseAccess } from './open-database.ts';
import { clientConfig } from './session.ts';

/** @throws {ExitError} for whatever the server or the connection refused; other errors pass unchanged. */
export async function withClient<T>(
  access: DatabaseAccess,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { databaseUrl } = access;
  return await explaining(databaseUrl, async () => {
    const client = new pg.Client(clientConfig({ databaseUrl, applicationName: 'rowhook-cli' }));
    // A lost connection also fails the next query, which is where it is reported.
    client.on('error', () => undefined);
    client.on('notice', (notice) => access.onNotice?.(notice.message ?? ''));
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  });
}
