/** Holds every answer of the gateway's tests against the route table, from which the OpenAPI document is made. */
import assert from 'node:assert/strict';
import type { ErrorCode } from '@agenda/service-kit/errors';
import { errorsOf } from '../documentation/openapi.ts';
import type { Endpoint } from '../routes/endpoint.ts';
import { ENDPOINTS } from '../routes/table.ts';
import { problemAnswer } from '../schemas/problems.ts';
import type { Answer } from './http-client.ts';

const PATTERNS = ENDPOINTS.map((endpoint) => ({
  endpoint,
  pattern: new RegExp(`^${endpoint.path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`),
}));

export function assertDocumented(method: string, path: string, answer: Answer): void {
  const found = endpointOf(method, path.split('?')[0] ?? '');
  // An unknown path, the wrong method, or the web page.
  if (!found) return;
  const where = `${method} ${path} answered ${answer.status}`;
  if (answer.status >= 400) assertProblemDocumented(found, where, answer);
  else if (answer.status === 304) assert.ok(found.conditional, `${where}, which is not documented`);
  else assertAnswerDocumented(found, where, answer);
}

/** A path without parameters wins over one with. */
export function endpointOf(method: string, path: string): Endpoint | undefined {
  const fitting = PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ endpoint }) => endpoint);
  const own = fitting.filter((endpoint) => endpoint.method === method.toLowerCase());
  return own.find((endpoint) => endpoint.path === path) ?? own[0];
}

function assertProblemDocumented(endpoint: Endpoint, where: string, { json }: Answer): void {
  assert.deepEqual(problemAnswer.parse(json), json, `${where} with undocumented members`);
  const codes = errorsOf(endpoint);
  assert.ok(codes.includes(json.code as ErrorCode), `${where} ${json.code}; documented are ${codes}`);
}

function assertAnswerDocumented(
  endpoint: Endpoint,
  where: string,
  { status, json, text, headers }: Answer,
): void {
  const documented = endpoint.answers[status];
  assert.ok(documented, `${where}, which is not documented`);
  // Of what may only be known to take time no version is told.
  const missing = (documented.headers ?? []).filter(
    (name) => !headers.get(name) && !(name === 'ETag' && json?.busyOnly),
  );
  assert.deepEqual(missing, [], `${where} without a documented header`);
  if (!documented.schema) assert.equal(text, '', `${where} with a body`);
  else if (json !== undefined)
    assert.deepEqual(documented.schema.parse(json), json, `${where} with undocumented members`);
  else assert.match(headers.get('content-type') ?? '', new RegExp(`^${documented.type}`), where);
}
