import openapiTS, { astToString } from 'openapi-typescript';
import { expect, test } from 'vitest';
import { EventStreams } from '../../src/http/event-streams.ts';
import { apiRoutes } from '../../src/http/api.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import type { ApiParts } from '../../src/http/parts.ts';
import { Telemetry } from '../../src/telemetry.ts';

const header = `// Made from the OpenAPI document by \`npm run console:types\`: do not edit.\n`;

test("the console's types are those of the OpenAPI document; if not: npm run console:types", async () => {
  const parts = {} as ApiParts;
  const streams = new EventStreams({ parts, telemetry: new Telemetry() });
  const routes = apiRoutes(parts, { streams, version: '0', isDemo: false });
  const document = openApiDocument(routes, '0') as Parameters<typeof openapiTS>[0];
  const types = astToString(await openapiTS(document, { alphabetize: true }));
  await expect(header + types).toMatchFileSnapshot('../../src/http/console/api/openapi.ts');
});
