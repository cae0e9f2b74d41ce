/**
 * The tests' HTTP client. A connection per request: the port of an endpoint that has gone may be the next one's, and a
 * kept connection to the old one would be reset there.
 */
import { Agent } from 'node:http';
import got from 'got';
import { DEFAULT_TIMEOUT_MS } from './wait.ts';

export const http = got.extend({
  agent: { http: new Agent({ keepAlive: false }) },
  retry: { limit: 0 },
  timeout: { request: DEFAULT_TIMEOUT_MS },
  throwHttpErrors: false,
  followRedirect: false,
});
