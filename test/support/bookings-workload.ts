/** Clients that fight over a few slots through all pods, and the history of what they did and saw. */
import { checkLinearizability } from '../linearizability/checker.ts';
import { type Call, HistoryRecorder } from '../linearizability/history.ts';
import {
  type BookingInput,
  type BookingOutput,
  bookingsModel,
  type SlotState,
} from '../linearizability/models/bookings.ts';
import { type Answer, ApiClient, type CallOptions } from './api-client.ts';
import { until } from './until.ts';

const SLOT_MS = 600_000;
/** 2031: other tests use 2030. */
const FIRST_SLOT_MS = Date.UTC(2031, 0, 1);
const ATTEMPT_MS = 3_000;
/** So many appointments of a slot are remembered, to be read and changed by their ids, also when they are gone. */
const REMEMBERED_MAX = 4;
/** After an attempt that nobody answered, or that was refused: pods that are down refuse at once. */
const PAUSE_MS = 20;
/** For one slot as one pod shows it, once all is well again. */
const LOOK_MS = 30_000;

export interface BookingsOptions {
  /** Begins its Idempotency-Keys: different for each workload. */
  readonly name: string;
  /** For a new token, when the one that there is has run out. */
  readonly login: { readonly username: string; readonly password: string };
  readonly token: string;
  readonly urls: readonly string[];
  readonly firstSlot: number;
  readonly slots: number;
  /** In [0, bound). */
  readonly random: (bound: number) => number;
}

interface Remembered {
  readonly token: string;
  readonly id: string;
  readonly version: number;
}

export class BookingsWorkload {
  readonly history = new HistoryRecorder<BookingInput, BookingOutput>();
  /** What a correct server never answers. */
  readonly complaints: string[] = [];
  readonly #options: BookingsOptions;
  readonly #known = new Map<string, Remembered[]>();
  readonly #clients: Promise<void>[] = [];
  #token: string;
  #nextToken = 0;
  #completed = 0;
  #stopping = false;
  #givingUp = false;
  #watchers: (() => void)[] = [];

  constructor(options: BookingsOptions) {
    this.#options = options;
    this.#token = options.token;
  }

  /** Operations whose outcome is known. */
  get completed(): number {
    return this.#completed;
  }

  start(clients: number): this {
    for (let client = 0; client < clients; client++) this.#clients.push(this.#run());
    return this;
  }

  /** Resolves when so many more operations are known. */
  more(count: number): Promise<void> {
    const goal = this.#completed + count;
    return new Promise((resolve) => {
      const watch = (): void => {
        if (this.#completed < goal) return;
        this.#watchers = this.#watchers.filter((other) => other !== watch);
        resolve();
      };
      this.#watchers.push(watch);
    });
  }

  /** Ends once every outcome is known, or leaves them open after the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    const timer = setTimeout(() => {
      this.#givingUp = true;
    }, deadlineMs);
    await Promise.all(this.#clients);
    clearTimeout(timer);
  }

  /** What each of these pods shows of every slot goes into the history too: a replica that lost something is found out. */
  async lookEverywhere(urls: readonly string[]): Promise<void> {
    const { firstSlot, slots } = this.#options;
    for (let slot = firstSlot; slot < firstSlot + slots; slot++)
      for (const url of urls)
        await until(`a look at slot ${slot} through ${url}`, LOOK_MS, async () =>
          (await this.#look(String(slot), () => url)) ? true : undefined,
        );
  }

  /** @throws Error with the order that went furthest, and what cannot follow it. */
  check(): { readonly operations: number; readonly configurations: number } {
    if (this.complaints.length > 0)
      throw new Error(`answers that are always wrong:\n${this.complaints.join('\n')}`);
    const operations = this.history.operations();
    const { verdict, violation, configurations } = checkLinearizability(bookingsModel, operations);
    if (verdict !== 'ok') throw new Error(`the history is ${verdict}: ${violation?.text}`);
    return { operations: operations.length, configurations };
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const slot = String(this.#options.firstSlot + this.#options.random(this.#options.slots));
      const known = this.#known.get(slot) ?? [];
      const one = known[this.#options.random(known.length)];
      const choice = this.#options.random(10);
      if (choice < 3 || !one) await this.#book(slot);
      else if (choice < 5) await this.#look(slot);
      else if (choice < 7) await this.#read(slot, one);
      else if (choice < 9) await this.#change(slot, one);
      else await this.#cancel(slot, one);
    }
  }

  async #book(slot: string): Promise<void> {
    const token = `t${this.#nextToken++}`;
    const start = FIRST_SLOT_MS + Number(slot) * SLOT_MS;
    const body = {
      title: token,
      description: token,
      start: new Date(start).toISOString(),
      end: new Date(start + SLOT_MS).toISOString(),
    };
    await this.#write({ slot, kind: 'book', token }, 'POST', '/api/appointments', body, undefined, {
      201: (answer) => {
        this.#remember(slot, { token, id: answer.body.id, version: 1 });
        return { kind: 'booked' };
      },
      409: () => ({ kind: 'taken' }),
    });
  }

  async #change(slot: string, { token, id, version }: Remembered): Promise<void> {
    const title = `${token}/${this.#nextToken++}`;
    const expectedVersion = this.#options.random(2) === 0 ? version : undefined;
    const input = {
      slot,
      kind: 'change',
      token,
      title,
      ...(expectedVersion && { expectedVersion }),
    } as const;
    await this.#write(input, 'PATCH', `/api/appointments/${id}`, { title }, expectedVersion, {
      200: ({ body }) => {
        this.#remember(slot, { token, id, version: body.version });
        return { kind: 'changed', version: body.version };
      },
      404: () => ({ kind: 'absent' }),
      412: () => ({ kind: 'mismatch' }),
    });
  }

  async #cancel(slot: string, { token, id, version }: Remembered): Promise<void> {
    const expectedVersion = this.#options.random(2) === 0 ? version : undefined;
    const input = { slot, kind: 'cancel', token, ...(expectedVersion && { expectedVersion }) } as const;
    await this.#write(input, 'DELETE', `/api/appointments/${id}`, undefined, expectedVersion, {
      204: () => ({ kind: 'cancelled' }),
      404: () => ({ kind: 'absent' }),
      412: () => ({ kind: 'mismatch' }),
    });
  }

  async #look(slot: string, url = () => this.#anyUrl()): Promise<boolean> {
    const start = FIRST_SLOT_MS + Number(slot) * SLOT_MS;
    const [from, to] = [new Date(start).toISOString(), new Date(start + SLOT_MS).toISOString()];
    const path = `/api/agenda?start=${from}&end=${to}&limit=10`;
    return this.#once({ slot, kind: 'look' }, url(), path, {
      200: ({ body }) => {
        if (body.items.length > 1)
          this.complaints.push(`slot ${slot} is booked twice: ${JSON.stringify(body)}`);
        const [item] = body.items;
        if (item) this.#remember(slot, { token: item.description, id: item.id, version: item.version });
        return { kind: 'seen', booking: item ? stateOf(item) : null };
      },
    });
  }

  async #read(slot: string, { token, id }: Remembered): Promise<void> {
    await this.#once({ slot, kind: 'read', token }, this.#anyUrl(), `/api/appointments/${id}`, {
      200: ({ body }) => ({ kind: 'seen', booking: stateOf(body) }),
      404: () => ({ kind: 'seen', booking: null }),
    });
  }

  /** A read without an answer says nothing, and is not asked again. @returns whether there was one */
  async #once(input: BookingInput, url: string, path: string, outputs: Outputs): Promise<boolean> {
    const call = this.history.invoke(input);
    const answer = await this.#attempt(url, 'GET', path, {});
    if (answer && this.#settle(call, answer, outputs)) return true;
    this.history.discard(call);
    await pause();
    return false;
  }

  /** Again and again with the same key, through any pod, until the outcome is known: what the API promises to be safe. */
  async #write(
    input: BookingInput,
    method: string,
    path: string,
    body: unknown,
    expectedVersion: number | undefined,
    outputs: Outputs,
  ): Promise<void> {
    const headers = {
      'idempotency-key': `${this.#options.name}-${this.#nextToken++}`,
      ...(expectedVersion === undefined ? {} : { 'if-match': `"${expectedVersion}"` }),
    };
    const call = this.history.invoke(input);
    while (!this.#givingUp) {
      const options = { headers, ...(body === undefined ? {} : { body }) };
      const answer = await this.#attempt(this.#anyUrl(), method, path, options);
      if (answer && this.#settle(call, answer, outputs)) return;
      await pause();
    }
  }

  /** @returns false if the outcome is not known yet. */
  #settle(call: Call, answer: Answer, outputs: Outputs): boolean {
    const output = outputs[answer.status]?.(answer);
    if (output === undefined) {
      if (answer.status < 500 && answer.status !== 401)
        this.complaints.push(`${answer.status} ${JSON.stringify(answer.body)}`);
      return false;
    }
    this.history.complete(call, output);
    this.#completed += 1;
    for (const watch of this.#watchers) watch();
    return true;
  }

  /** Undefined: nobody answered. */
  async #attempt(
    url: string,
    method: string,
    path: string,
    options: CallOptions,
  ): Promise<Answer | undefined> {
    try {
      const client = new ApiClient(url, this.#token);
      const answer = await client.call(method, path, { ...options, timeoutMs: ATTEMPT_MS });
      if (answer.status === 401) {
        // A token lives 15 minutes.
        const { username, password } = this.#options.login;
        this.#token = (await client.login(username, password)).token ?? this.#token;
      }
      return answer;
    } catch (error) {
      // Broken connections, refusals and silence are what this is there to survive; anything else is a bug here.
      if (error instanceof TypeError || /TimeoutError|SyntaxError/.test((error as Error).name))
        return undefined;
      if (/^expected 200, got 5/.test((error as Error).message)) return undefined;
      throw error;
    }
  }

  #remember(slot: string, one: Remembered): void {
    const others = (this.#known.get(slot) ?? []).filter(({ id }) => id !== one.id);
    this.#known.set(slot, [...others, one].slice(-REMEMBERED_MAX));
  }

  #anyUrl(): string {
    return this.#options.urls[this.#options.random(this.#options.urls.length)] as string;
  }
}

type Outputs = Readonly<Record<number, (answer: Answer) => BookingOutput>>;

function stateOf(view: { description: string; version: number; title: string }): SlotState {
  return { token: view.description, version: view.version, title: view.title };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
