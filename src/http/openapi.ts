// The OpenAPI 3.1 document, made of the routes.
import { z } from 'zod';
import type { Answer, Route } from './route.ts';
import { problemSchema } from './schemas.ts';

export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const each of routes) (paths[each.path] ??= {})[each.method.toLowerCase()] = operation(each);
  return {
    openapi: '3.1.0',
    info: {
      title: 'rowhook',
      version,
      description:
        'Webhooks for row changes in Postgres. Errors are problem details (RFC 9457). A token of the operator sees all companies, a ' +
        "company's token its own only.",
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: "ROWHOOK_ADMIN_TOKEN, or a company's JWT (HS256, signed with ROWHOOK_TOKEN_SECRET)",
        },
      },
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
    },
  };
}

function operation(route: Route): object {
  const { id, summary, description, params, query, body, answers, isVersioned, isLive } = route;
  const parameters = [
    ...parametersOf(params, 'path'),
    ...parametersOf(query, 'query'),
    ...(isVersioned === true ? [ifMatch] : []),
    ...(isLive === true ? [lastEventId] : []),
  ];
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchema(body, 'input') } },
      },
    }),
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, response(answer)])),
      default: {
        description: 'Refused, or failed: what is wrong, and how to mend it',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const ifMatch = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag of the version that is meant: any other answers 412. Without it whichever there is.',
  schema: { type: 'string' },
};

const lastEventId = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'The id of the last event that arrived: deliveries of the last 24 hours after it come first.',
  schema: { type: 'string' },
};

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, { description?: string }>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function response({ description, schema, mediaType = 'application/json', headers = {} }: Answer): object {
  const described = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ]);
  return {
    description,
    ...(described.length > 0 && { headers: Object.fromEntries(described) as object }),
    ...(schema && { content: { [mediaType]: { schema: jsonSchema(schema, 'output') } } }),
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
