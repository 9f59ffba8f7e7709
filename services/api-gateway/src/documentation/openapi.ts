/** The OpenAPI 3.1 document, made from the route table: the schemas in it are those that validate. */

import { ERROR_TABLE, type ErrorCode } from '@agenda/service-kit/errors';
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import type { Answer, AnswerHeader, Endpoint } from '../routes/endpoint.ts';
import { notificationIdField } from '../schemas/notifications.ts';
import { ERROR_CODES, ERROR_MEANINGS, problemAnswer } from '../schemas/problems.ts';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const BEARER = 'bearer';
const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

const HEADERS: Readonly<Record<AnswerHeader | 'X-Agenda-Index' | 'RateLimit', object>> = {
  ETag: { description: 'The version; for If-Match and If-None-Match.', schema: { type: 'string' } },
  Location: { description: 'Where it is.', schema: { type: 'string' } },
  'X-Agenda-Index': {
    description: 'What the answer has seen; for X-Agenda-Min-Index.',
    schema: { type: 'integer' },
  },
  RateLimit: {
    description: 'The limit that was nearest: what is left (r) and in how many seconds it is full again (t).',
    schema: { type: 'string' },
  },
};

/** Every error that an answer to this endpoint may be. */
export function errorsOf(endpoint: Endpoint): ErrorCode[] {
  const { access, agenda, body, query, conditional, budget, path, errors = [] } = endpoint;
  const isWrite = agenda === 'write';
  const codes = new Set<ErrorCode>([...errors, 'internal']);
  const add = (...more: ErrorCode[]): void => {
    for (const code of more) codes.add(code);
  };
  if (access !== 'anybody') add('unauthenticated', 'rate_limited');
  if (budget) add('rate_limited');
  if (agenda) add('invalid_argument', 'no_leader', 'overloaded', 'unavailable', 'timeout', 'unimplemented');
  if (isWrite) add('unprocessable');
  if (isWrite && conditional) add('version_mismatch');
  if (query) add('invalid_argument');
  if (body) add('invalid_argument', 'payload_too_large', 'unsupported_media_type');
  if (path.includes(':')) add('not_found');
  return ERROR_CODES.filter((code) => codes.has(code));
}

export function openApiDocument(endpoints: readonly Endpoint[], version: string): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', BEARER, {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token that POST /api/login gives; it lives 15 minutes.',
  });
  for (const endpoint of endpoints) registry.registerPath(operation(endpoint));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.1',
    info: {
      title: 'Agenda Distribuida',
      version,
      description: introduction(),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'this node; every node answers every request' }],
    tags: [...new Set(endpoints.map(({ topic }) => topic))].map((name) => ({ name })),
  });
}

function introduction(): string {
  const rows = ERROR_CODES.map(
    (code) => `| \`${code}\` | ${ERROR_TABLE[code].http} | ${ERROR_MEANINGS[code]} |`,
  );
  return [
    'JSON is camelCase, instants are RFC 3339 (answers: UTC with milliseconds), ids are UUIDs, but for those of notifications.',
    'Reads are linearizable on every node unless asked otherwise. Any write may carry an `Idempotency-Key`: sent again ' +
      'with the same key, on any node within 24 hours, it gives the first answer.',
    'Errors are RFC 9457 problem documents with a `code`:',
    ['| code | status | meaning |', '|---|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}

function operation(endpoint: Endpoint): RouteConfig {
  const { method, path, topic, summary, access, query, body } = endpoint;
  const content = Object.fromEntries(
    (body?.types ?? [JSON_TYPE]).map((type) => [type, { schema: body?.schema ?? z.unknown() }]),
  );
  return {
    method,
    path: path.replace(/:(\w+)/g, '{$1}'),
    operationId: operationId(endpoint),
    tags: [topic],
    summary,
    security: access === 'anybody' ? [] : [{ [BEARER]: [] }],
    request: {
      params: pathParameters(path),
      ...(query && { query }),
      headers: requestHeaders(endpoint),
      ...(body && { body: { required: !body.optional, content } }),
    },
    responses: { ...answersOf(endpoint), ...problemsOf(endpoint) },
  };
}

/** "getApiGroupsByIdMembers" */
export function operationId({ method, path }: Endpoint): string {
  const words = path.split(/[/.-]/).filter((word) => word !== '');
  const named = words.map((word) => {
    const [by, name] = word.startsWith(':') ? ['By', word.slice(1)] : ['', word];
    return by + name.charAt(0).toUpperCase() + name.slice(1);
  });
  return method + named.join('');
}

/** Those that are no UUIDs. */
const PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  secret: z.string(),
  notificationId: notificationIdField,
};

function pathParameters(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1] as string);
  if (names.length === 0) return undefined;
  return z.object(Object.fromEntries(names.map((name) => [name, PARAMETERS[name] ?? z.uuid()])));
}

function requestHeaders({ agenda, conditional, path }: Endpoint): z.ZodObject {
  const text = (description: string) => z.string().optional().meta({ description });
  return z.object({
    ...(agenda === 'write' && {
      'Idempotency-Key': text('1 to 255 visible ASCII characters: makes it safe to send this again'),
      ...(conditional && { 'If-Match': text('the ETag that you saw; 412 if it changed since') }),
    }),
    ...(agenda === 'read' && {
      'X-Agenda-Min-Index': text('as fresh as this X-Agenda-Index; costs no round among the nodes'),
      ...(conditional && { 'If-None-Match': text('304 if that is still the ETag') }),
    }),
    ...(path.startsWith('/api/admin/') && { 'X-Audit-Token': z.string() }),
  });
}

function answersOf(endpoint: Endpoint): RouteConfig['responses'] {
  const answers = Object.entries(endpoint.answers).map(([status, answer]) => [
    status,
    {
      description: answer.what,
      headers: headersOf(endpoint, answer),
      ...(answer.schema && { content: { [answer.type ?? JSON_TYPE]: { schema: answer.schema } } }),
    },
  ]);
  const unchanged =
    endpoint.agenda === 'read' && endpoint.conditional
      ? { 304: { description: 'You have it already.', headers: { ETag: HEADERS.ETag } } }
      : {};
  return { ...Object.fromEntries(answers), ...unchanged };
}

function headersOf({ agenda, budget }: Endpoint, { headers = [] }: Answer): Record<string, object> {
  const names = [
    ...headers,
    ...(agenda ? (['X-Agenda-Index'] as const) : []),
    ...(budget ? (['RateLimit'] as const) : []),
  ];
  return Object.fromEntries(names.map((name) => [name, HEADERS[name]]));
}

function problemsOf(endpoint: Endpoint): RouteConfig['responses'] {
  const byStatus = Map.groupBy(errorsOf(endpoint), (code) => ERROR_TABLE[code].http);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${ERROR_MEANINGS[code]}`).join(' '),
        content: { [PROBLEM_TYPE]: { schema: problemAnswer } },
      },
    ]),
  );
}
