/** REST as a client would use it; every answer is held against what is documented of it. */
import { assertDocumented } from '../../services/api-gateway/src/testing/documented.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came; tests assert its shape.
  readonly body: any;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;
export const PASSWORD = 'correct horse battery';
/** Appointments of tests are ten minutes long: 2030 has room for 52,560 of them. */
const SLOT_MS = 600_000;

export class ApiClient {
  readonly url: string;
  token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  /** The same user at another pod. */
  at(url: string): ApiClient {
    return new ApiClient(url, this.token);
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const headers: Record<string, string> = { ...options.headers };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(this.url + path, {
      method,
      headers,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    const body = text === '' ? undefined : JSON.parse(text);
    assertDocumented(method, path, { status, headers: answered, text, json: body });
    return { status, headers: answered, body };
  }

  /** Registers and logs in. */
  async enter(username: string): Promise<this> {
    expect(await this.call('POST', '/api/register', { body: { username, password: PASSWORD } }), 201);
    return this.login(username);
  }

  async login(username: string, password = PASSWORD): Promise<this> {
    const answer = expect(await this.call('POST', '/api/login', { body: { username, password } }), 200);
    this.token = answer.body.token;
    return this;
  }

  /** In the n-th slot of 2030. */
  create(
    title: string,
    slot: number,
    headers: Readonly<Record<string, string>> = {},
    timeoutMs = TIMEOUT_MS,
  ): Promise<Answer> {
    const startMs = Date.UTC(2030, 0, 1) + slot * SLOT_MS;
    const body = { title, start: instant(startMs), end: instant(startMs + SLOT_MS) };
    return this.call('POST', '/api/appointments', { body, headers, timeoutMs });
  }

  /** Every appointment of 2030, all pages. */
  async agenda(query = ''): Promise<{ id: string; title: string; start: string }[]> {
    const items: { id: string; title: string; start: string }[] = [];
    let cursor = '';
    do {
      const range = 'start=2030-01-01T00:00:00Z&end=2031-01-01T00:00:00Z&limit=200';
      const answer = await this.call('GET', `/api/agenda?${range}${query}${cursor && `&cursor=${cursor}`}`);
      expect(answer, 200);
      items.push(...answer.body.items);
      cursor = answer.body.nextCursor ?? '';
    } while (cursor !== '');
    return items;
  }
}

export function expect(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
