import assert from 'node:assert/strict';
import { assertDocumented } from './documented.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came; tests assert its shape.
  readonly json: any;
}

export interface Ask {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is text or bytes already. */
  readonly body?: unknown;
}

/**
 * Redirects are not followed: where they lead is part of the answer. Whatever is answered must be what the document
 * says.
 */
export async function ask(origin: string, method: string, path: string, given: Ask = {}): Promise<Answer> {
  const headers: Record<string, string> = { ...given.headers };
  if (given.token !== undefined) headers.authorization = `Bearer ${given.token}`;
  const init: RequestInit = { method, headers, redirect: 'manual' };
  if (given.body !== undefined) {
    headers['content-type'] ??= 'application/json';
    const raw = typeof given.body === 'string' || given.body instanceof Uint8Array;
    init.body = raw ? (given.body as string) : JSON.stringify(given.body);
  }
  const response = await fetch(origin + path, init);
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const answer = {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
  assertDocumented(method, path, answer);
  return answer;
}

/** Asserts the whole of RFC 9457 as this server speaks it. */
export function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, `wanted ${status} ${code}, got ${answer.status}: ${answer.text}`);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(answer.json.status, status);
  assert.equal(answer.json.code, code);
  for (const member of ['type', 'title', 'detail', 'instance', 'requestId'])
    assert.equal(typeof answer.json[member], 'string', `the problem has no ${member}`);
  assert.equal(answer.headers.get('x-request-id'), answer.json.requestId);
}

/** The paths of the wrong fields, sorted. */
export function wrongFields(answer: Answer): string[] {
  return (answer.json.errors as { path: string }[]).map(({ path }) => path).sort();
}
