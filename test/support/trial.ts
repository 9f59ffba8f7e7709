/** Something happens to a cluster while clients work on it; afterwards everything that they saw must hold. */
import assert from 'node:assert/strict';
import { type ApiClient, PASSWORD } from './api-client.ts';
import { BookingsWorkload } from './bookings-workload.ts';
import { READY_MS } from './cluster.ts';
import type { FaultyCluster } from './faulty-cluster.ts';
import { until } from './until.ts';
import { Workload } from './workload.ts';

const BOOKING_CLIENTS = 6;
const WRITERS = 2;
const SLOTS = 6;

export interface Outcome {
  readonly operations: number;
  readonly acknowledged: number;
}

export class Trial {
  readonly #test: FaultyCluster;
  readonly #client: ApiClient;
  readonly #username: string;
  readonly #random: (bound: number) => number;
  /** Each trial has slots of its own: in the end all of them are there, on every replica. */
  readonly #acknowledged: Workload['acknowledged'] = [];
  #trials = 0;
  #nextSlot = 0;

  constructor(test: FaultyCluster, client: ApiClient, username: string, random = below) {
    this.#test = test;
    this.#client = client;
    this.#username = username;
    this.#random = random;
  }

  /**
   * @param action waits for `progress` where the cluster has to go on, and leaves it to this to heal links and to start
   * pods again.
   * @throws Error if the history is not linearizable, or an acknowledged write is lost or doubled on any replica.
   */
  async run(action: (progress: (operations: number) => Promise<void>) => Promise<void>): Promise<Outcome> {
    const trial = this.#trials++;
    const urls = this.#test.pods.map((pod) => pod.url);
    const writers = new Workload(
      `${this.#username}-${trial}`,
      this.#client.token as string,
      urls,
      this.#nextSlot,
    ).start(WRITERS);
    const bookings = new BookingsWorkload({
      name: `${this.#username}-${trial}-bookings`,
      login: { username: this.#username, password: PASSWORD },
      token: this.#client.token as string,
      urls,
      firstSlot: trial * SLOTS,
      slots: SLOTS,
      random: this.#random,
    }).start(BOOKING_CLIENTS);
    try {
      await bookings.more(BOOKING_CLIENTS);
      await action((operations) => bookings.more(operations));
    } finally {
      await this.#heal();
      await bookings.stop(READY_MS);
      await writers.stop();
      this.#nextSlot = writers.nextSlot;
    }
    const running = this.#test.running.map((pod) => pod.url);
    await bookings.lookEverywhere(running);
    const { operations } = bookings.check();
    assert.deepEqual(writers.complaints, []);
    this.#acknowledged.push(...writers.acknowledged);
    await this.assertKept(running);
    return { operations, acknowledged: writers.acknowledged.length };
  }

  async #heal(): Promise<void> {
    this.#test.network.heal();
    for (const pod of this.#test.running) pod.signal('SIGCONT');
    await this.#test.cluster.waitReady(READY_MS);
  }

  /** @throws Error unless each of these shows every acknowledged appointment once, and nothing else than the others. */
  async assertKept(urls: readonly string[]): Promise<void> {
    const views = await Promise.all(
      urls.map((url) => until(`the agenda at ${url}`, READY_MS, () => this.#client.at(url).agenda())),
    );
    for (const [at, view] of views.entries()) {
      const ids = new Set(view.map(({ id }) => id));
      const titles = new Set(view.map(({ title }) => title));
      assert.equal(titles.size, view.length, `${urls[at]} shows an appointment twice`);
      const lost = this.#acknowledged.filter(({ id }) => !ids.has(id));
      assert.deepEqual(lost, [], `${urls[at]} lacks acknowledged appointments`);
      assert.deepEqual(view, views[0], `${urls[at]} and ${urls[0]} differ`);
    }
  }
}

function below(bound: number): number {
  return Math.floor(Math.random() * bound);
}
