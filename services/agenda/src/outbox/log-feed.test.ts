import assert from 'node:assert/strict';
import { type FeedHistory, LogFeed } from './log-feed.ts';

interface Item {
  readonly index: number;
  readonly ordinal: number;
}

interface Message {
  readonly items: readonly Item[];
  readonly upToIndex: number;
  readonly reset?: boolean;
}

const PAGE_ENTRIES = 3;

/** A log whose entry n holds n % 3 items, and a reader that can be slow. */
class Scene implements FeedHistory<Item> {
  appliedIndex = 0;
  prunedUpTo = 0;
  readonly received: Message[] = [];
  readonly closing = new AbortController();
  #slow = false;
  #onDrain: (() => void)[] = [];
  #watcher: (() => void) | undefined;
  readonly feed = new LogFeed<Item>({
    history: this,
    indexOf: (item) => item.index,
    weightOf: () => 1,
    messageWeightMax: 4,
  });
  readonly stream = {
    write: (message: Message): boolean => {
      this.received.push(message);
      this.#watcher?.();
      return !this.#slow;
    },
    drained: (): Promise<void> =>
      this.#slow ? new Promise((resolve) => this.#onDrain.push(resolve)) : Promise.resolve(),
    closed: this.closing.signal,
  };

  page(index: number): Message {
    const upToIndex = Math.min(index + PAGE_ENTRIES, this.appliedIndex);
    return { items: itemsOf(index, upToIndex), upToIndex };
  }

  isPruned(index: number): boolean {
    return index < this.prunedUpTo;
  }

  apply(count: number): void {
    const from = this.appliedIndex;
    this.appliedIndex += count;
    this.feed.publish(itemsOf(from, this.appliedIndex), this.appliedIndex);
  }

  slow(slow: boolean): void {
    this.#slow = slow;
    if (!slow) for (const resolve of this.#onDrain.splice(0)) resolve();
  }

  serve(fromIndex: number): Promise<void> {
    return this.feed.serve({
      stream: this.stream,
      fromIndex,
      message: (items, upToIndex) => ({ items, upToIndex }),
      onPruned: (upToIndex) => ({ items: [], upToIndex, reset: true }),
      afterPruned: 'goOn',
    });
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#watcher = () => {
        if (condition()) resolve();
      };
      this.#watcher();
    });
  }

  upTo(): number {
    return this.received.at(-1)?.upToIndex ?? -1;
  }

  items(): Item[] {
    return this.received.flatMap((message) => message.items);
  }
}

function itemsOf(after: number, upTo: number): Item[] {
  const items: Item[] = [];
  for (let index = after + 1; index <= upTo; index += 1)
    for (let ordinal = 0; ordinal < index % 3; ordinal += 1) items.push({ index, ordinal });
  return items;
}

describe('LogFeed', () => {
  it('sends what was before and what comes, without gap or repeat, whoever is slow when', async () => {
    const seed = Number(process.env.SEED ?? Math.trunc(Math.random() * 1e9));
    console.log(`      seed ${seed}`);
    let state = seed;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.trunc((state / 2 ** 31) * below);
    };
    const scene = new Scene();
    scene.apply(20);
    const served = scene.serve(5);
    for (let turn = 0; turn < 400; turn += 1) {
      scene.apply(random(9));
      scene.slow(random(3) === 0);
      if (random(2) === 0) await new Promise(setImmediate);
    }
    scene.slow(false);
    await scene.until(() => scene.upTo() === scene.appliedIndex);
    assert.deepEqual(scene.items(), itemsOf(5, scene.appliedIndex));
    scene.closing.abort();
    await served;
  });

  it('never claims an entry to be complete while items of it are missing', async () => {
    const scene = new Scene();
    const served = scene.serve(0);
    await scene.until(() => scene.received.length === 1);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    scene.apply(30);
    await scene.until(() => scene.upTo() === 30);
    let count = 0;
    for (const { items, upToIndex } of scene.received) {
      assert.ok(items.length <= 4);
      count += items.length;
      assert.ok(itemsOf(0, upToIndex).length <= count);
    }
    scene.feed.close();
    await served;
  });

  it('says so when the position is no longer kept, and goes on from what is applied', async () => {
    const scene = new Scene();
    scene.apply(50);
    scene.prunedUpTo = 40;
    const served = scene.serve(7);
    await scene.until(() => scene.received.length === 1);
    assert.deepEqual(scene.received[0], { items: [], upToIndex: 50, reset: true });
    scene.apply(2);
    await scene.until(() => scene.upTo() === 52);
    assert.deepEqual(scene.items(), itemsOf(50, 52));
    scene.feed.close();
    await served;
  });

  it('ends the stream where going on would hide a loss', async () => {
    const scene = new Scene();
    scene.apply(5);
    scene.prunedUpTo = 3;
    await scene.feed.serve({
      stream: scene.stream,
      fromIndex: 1,
      message: (items, upToIndex) => ({ items, upToIndex }),
      onPruned: (upToIndex) => ({ items: [], upToIndex, reset: true }),
      afterPruned: 'end',
    });
    assert.deepEqual(scene.received, [{ items: [], upToIndex: 5, reset: true }]);
  });

  it('goes on from what a snapshot brought, without gap or repeat, for a reader that was live', async () => {
    const scene = new Scene();
    scene.apply(5);
    const served = scene.serve(0);
    await scene.until(() => scene.upTo() === 5);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    scene.appliedIndex = 40;
    scene.feed.restored();
    await scene.until(() => scene.upTo() === 40);
    assert.deepEqual(scene.items(), itemsOf(0, 40));
    scene.feed.close();
    await served;
  });

  it('says so to everybody when what it sent before may be wrong', async () => {
    const scene = new Scene();
    scene.apply(5);
    const served = scene.serve(0);
    await scene.until(() => scene.upTo() === 5);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    scene.appliedIndex = 4;
    scene.feed.revoke();
    await scene.until(() => scene.received.some(({ reset }) => reset === true));
    assert.deepEqual(scene.received.at(-1), { items: [], upToIndex: 4, reset: true });
    scene.feed.close();
    await served;
  });

  it('leaves out what a reader that is ahead of this replica has seen already', async () => {
    const scene = new Scene();
    scene.apply(5);
    const served = scene.serve(8);
    await scene.until(() => scene.received.length === 1);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    scene.apply(10);
    await scene.until(() => scene.upTo() === 15);
    assert.deepEqual(scene.items(), itemsOf(8, 15));
    scene.feed.close();
    await served;
  });
});
