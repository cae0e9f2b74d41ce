// Whether the database can write every character: what an endpoint answers may hold any.
import type { Session } from './session.ts';

export async function isInUtf8(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ encoding: string }>({
    text: `select current_setting('server_encoding') as encoding`,
  });
  return rows[0]?.encoding === 'UTF8';
}
