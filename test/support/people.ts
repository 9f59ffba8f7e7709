/** People who use the agenda as people do: each logged in, each at some pod. */
import assert from 'node:assert/strict';
import { type Answer, type ApiClient, type CallOptions, expect, PASSWORD } from './api-client.ts';
import type { TestCluster } from './cluster.ts';

/** How many register at once: each costs a password hash. */
const REGISTRATIONS_AT_ONCE = 4;

export class Person {
  readonly name: string;
  readonly id: string;
  readonly api: ApiClient;

  constructor(name: string, id: string, api: ApiClient) {
    this.name = name;
    this.id = id;
    this.api = api;
  }

  /** The same person at another pod. */
  at(url: string): Person {
    return new Person(this.name, this.id, this.api.at(url));
  }

  /** Asserts the status. @returns the body of the answer */
  async do(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ): Promise<Answer['body']> {
    const answer = await this.api.call(method, path, { ...options, ...(body === undefined ? {} : { body }) });
    return expect(answer, status).body;
  }

  /** Asserts that it is refused so. @returns the problem */
  async refused(code: string, method: string, path: string, body?: unknown): Promise<Answer['body']> {
    const answer: Answer = await this.api.call(method, path, body === undefined ? {} : { body });
    assert.equal(answer.body?.code, code, `${this.name}: ${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** What stands in an agenda (by default the own) on that day of May 2031, as "title:status" in order. */
  async day(day: number, path = '/api/agenda'): Promise<string[]> {
    const { start, end } = dayRange(day);
    const { items } = await this.do(200, 'GET', `${path}?start=${start}&end=${end}&limit=200`);
    return items.map((item: { busyOnly: boolean; title?: string; myStatus?: string | null }) =>
      item.busyOnly ? 'busy' : `${item.title}:${item.myStatus}`,
    );
  }

  /** Kinds of the unread notifications, newest first. */
  async news(): Promise<string[]> {
    const { items } = await this.do(200, 'GET', '/api/notifications/unread?limit=200');
    return items.map(({ kind }: { kind: string }) => kind);
  }

  async readAll(): Promise<void> {
    await this.do(204, 'POST', '/api/notifications/read');
  }
}

/** @returns people by name, each logged in at the next pod. */
export async function enterAll(test: TestCluster, names: readonly string[]): Promise<Person[]> {
  const people: Person[] = [];
  for (let from = 0; from < names.length; from += REGISTRATIONS_AT_ONCE) {
    const some = names.slice(from, from + REGISTRATIONS_AT_ONCE);
    people.push(...(await Promise.all(some.map((name, at) => enter(test, name, from + at)))));
  }
  return people;
}

async function enter(test: TestCluster, name: string, at: number): Promise<Person> {
  const api = test.client(at % test.pods.length);
  const { id } = expect(
    await api.call('POST', '/api/register', { body: { username: name, password: PASSWORD } }),
    201,
  ).body;
  return new Person(name, id, await api.login(name));
}

/** In May 2031, whose fifth is a Monday; UTC. */
export function at(day: number, hour: number, minute = 0): string {
  return new Date(Date.UTC(2031, 4, day, hour, minute)).toISOString();
}

export function dayRange(day: number): { start: string; end: string } {
  return { start: at(day, 0), end: at(day + 1, 0) };
}
