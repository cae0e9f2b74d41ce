/** What an endpoint wrote down: one line for each request that it had completely, in order of arrival. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

export interface LoggedRequest {
  readonly atMs: number;
  /** When its connection was accepted. */
  readonly openedAtMs: number;
  readonly webhook: string;
  readonly operation: string;
  readonly id: number;
  readonly version: number;
}

/** Whether the endpoint answers this change with 503. */
export function isRejected(version: number): boolean {
  return version % 199 === 0;
}

export async function* readLog(file: string): AsyncGenerator<LoggedRequest> {
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [at, opened, webhook = '', operation = '', id, version] = line.split(' ');
    yield {
      atMs: Number(at),
      openedAtMs: Number(opened),
      webhook,
      operation,
      id: Number(id),
      version: Number(version),
    };
  }
}
