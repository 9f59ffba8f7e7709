/** Clients at work on the published port of every host, while something happens; afterwards what they saw must hold. */
import assert from 'node:assert/strict';
import { ApiClient, PASSWORD } from '../support/api-client.ts';
import { BookingsWorkload } from '../support/bookings-workload.ts';
import { until } from '../support/until.ts';
import { type Acknowledged, Workload } from '../support/workload.ts';
import type { Stack } from './stack.ts';

const WRITERS = 3;
const BOOKERS = 3;
const SLOTS = 4;
const ATTEMPT_MS = 3_000;
const SETTLE_MS = 120_000;
const USERNAME = 'ana';

export interface Outcome {
  readonly acknowledged: number;
  /** Of both kinds of clients, that a linearizable order was found for. */
  readonly operations: number;
  /** The longest time in which no write was acknowledged. */
  readonly gapSeconds: number;
}

export class Clients {
  readonly #stack: Stack;
  readonly #acknowledged: Acknowledged[] = [];
  #trials = 0;
  #nextSlot = 0;

  constructor(stack: Stack) {
    this.#stack = stack;
  }

  async register(): Promise<void> {
    const [url] = this.#stack.urls as [string];
    await until('the first user', SETTLE_MS, () => new ApiClient(url).enter(USERNAME));
  }

  /** @throws Error if an acknowledged write is lost or doubled, or what was seen has no order. */
  async during(action: (writes: (count: number) => Promise<void>) => Promise<void>): Promise<Outcome> {
    const trial = this.#trials++;
    const { urls } = this.#stack;
    const client = await this.#login();
    const token = client.token as string;
    const writers = new Workload(`w${trial}`, token, urls, this.#nextSlot, ATTEMPT_MS).start(WRITERS);
    const bookings = new BookingsWorkload({
      name: `b${trial}`,
      login: { username: USERNAME, password: PASSWORD },
      token,
      urls,
      firstSlot: trial * SLOTS,
      slots: SLOTS,
      random: (bound) => Math.floor(Math.random() * bound),
    }).start(BOOKERS);
    try {
      await writers.more(WRITERS);
      await action((count) => writers.more(count));
    } finally {
      await bookings.stop(SETTLE_MS);
      await writers.stop();
      this.#nextSlot = writers.nextSlot;
    }
    assert.deepEqual(writers.complaints, []);
    this.#acknowledged.push(...writers.acknowledged);
    await bookings.lookEverywhere(this.#stack.urls);
    const { operations } = bookings.check();
    await this.assertKept();
    const { acknowledged } = writers;
    return { acknowledged: acknowledged.length, operations, gapSeconds: longestGap(acknowledged) };
  }

  /** Every acknowledged appointment is there, once, whichever host is asked. */
  async assertKept(): Promise<void> {
    const client = await this.#login();
    for (const url of this.#stack.urls) {
      const view = await until(`the agenda at ${url}`, SETTLE_MS, () => client.at(url).agenda());
      const ids = new Set(view.map(({ id }) => id));
      assert.equal(new Set(view.map(({ title }) => title)).size, view.length, `${url} shows one twice`);
      assert.deepEqual(
        this.#acknowledged.filter(({ id }) => !ids.has(id)),
        [],
        `${url} lacks acknowledged appointments`,
      );
    }
  }

  #login(): Promise<ApiClient> {
    const urls = this.#stack.urls;
    let turn = 0;
    return until('a login', SETTLE_MS, () =>
      new ApiClient(urls[turn++ % urls.length] as string).login(USERNAME),
    );
  }
}

function longestGap(acknowledged: readonly Acknowledged[]): number {
  const times = acknowledged.map(({ atMs }) => atMs).sort((a, b) => a - b);
  const gaps = times.slice(1).map((at, index) => at - (times[index] as number));
  return Math.max(0, ...gaps) / 1_000;
}
