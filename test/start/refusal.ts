/** A start that must end by itself: the exit code, and words for people instead of a stack or a secret. */
import { expect } from 'vitest';
import { startService, type ServiceOptions } from '../support/service-process.ts';
import { within } from '../support/wait.ts';

/** Returns what it wrote to stderr: the message, then the remedy. */
export async function startRefused(options: ServiceOptions, exitCode: 2 | 3): Promise<string> {
  await using service = startService(options);
  const describe = (): string => `the service to give up; its output:\n${service.output}`;
  const exit = await within(service.exited, { describe });
  expect(exit, service.output).toEqual({ code: exitCode, signal: null });
  expect(service.output).not.toMatch(/\n\s+at /);
  for (const secret of secretsOf(options)) expect(service.output).not.toContain(secret);
  return service.output.slice(service.output.indexOf('rowhook: '));
}

function secretsOf({ databaseUrl, env }: ServiceOptions): string[] {
  const urls = [databaseUrl, env?.['DATABASE_URL'] ?? ''];
  return urls.map((url) => /:([^:/@]+)@/.exec(url)?.[1] ?? '').filter((password) => password !== '');
}
