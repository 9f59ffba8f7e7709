import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AuditStore } from './store.ts';
import { entries, entryOf, eventOf, Trails } from './testing/trail.ts';

const PENDING_MAX = 50_000;

describe('the store of the trail', () => {
  const trails = new Trails();
  const pending = (store: AuditStore) => store.pendingBeside(undefined, true, 10).map(({ event }) => event);

  afterEach(() => trails.remove());

  it('is one chain, the same however the log is cut into batches', async () => {
    const all = entries(20);
    const whole = trails.open();
    whole.store.append(all, 20);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 })), async (cuts) => {
        const cut = trails.open();
        let at = 0;
        for (const size of [...cuts, all.length]) {
          const part = all.slice(at, at + size);
          at = Math.min(all.length, at + size);
          cut.store.append(part, at);
        }
        assert.deepEqual(cut.store.lastHash, whole.store.lastHash);
        assert.ok((await cut.queries.verify({ fromSequence: 0, toSequence: 0 })).intact);
      }),
      { numRuns: 20 },
    );
  });

  it('takes a repeated event once, whether it is repeated in the log or across a reconnect', () => {
    const { store } = trails.open();
    store.append([entryOf(1, eventOf(1)), entryOf(2, eventOf(1), eventOf(2))], 2);
    store.append([entryOf(2, eventOf(1), eventOf(2)), entryOf(3, eventOf(3))], 3);
    assert.equal(store.lastSequence, 3);
  });

  it('keeps node events over a restart until they come back through the log', () => {
    const directory = trails.directory();
    const first = trails.open(directory);
    first.store.addPending([eventOf(1), eventOf(2)]);
    first.store.addPending([eventOf(2)]);
    trails.close();
    const second = trails.open(directory);
    assert.equal(second.store.pendingCount, 2);
    second.store.append([entryOf(9, eventOf(1))], 9);
    assert.deepEqual(pending(second.store), [eventOf(2)]);
    second.store.addPending([eventOf(1)]);
    assert.equal(second.store.pendingCount, 1);
    assert.equal(second.store.logIndex, 9);
  });

  it('links on from the last record after a restart', async () => {
    const directory = trails.directory();
    trails.open(directory).store.append(entries(2), 2);
    trails.close();
    const { store, queries } = trails.open(directory);
    store.append([entryOf(3, eventOf(3))], 3);
    const { intact, checked } = await queries.verify({ fromSequence: 0, toSequence: 0 });
    assert.deepEqual([intact, checked], [true, 3]);
  });

  it('remembers its place in the log also where the log brought no event', () => {
    const { store } = trails.open();
    store.append([], 40);
    assert.equal(store.logIndex, 40);
    assert.equal(store.lastSequence, 0);
  });

  it('numbers node events upwards even after all former ones have left', () => {
    const { store } = trails.open();
    store.addPending([eventOf(1), eventOf(2)]);
    const [, second] = store.pendingBeside(undefined, true, 10);
    store.append([entryOf(1, eventOf(1), eventOf(2))], 1);
    store.addPending([eventOf(3)]);
    const [third] = store.pendingBeside(undefined, true, 10);
    assert.ok((third?.position as number) > (second?.position as number));
  });

  it('refuses node events as overloaded when its bound of waiting ones is reached, and keeps the others', () => {
    const { store } = trails.open();
    const many = Array.from({ length: PENDING_MAX }, (_, at) => eventOf(at + 1));
    store.addPending(many);
    assert.throws(() => store.addPending([eventOf(PENDING_MAX + 1)]), { code: 'overloaded' });
    assert.equal(store.pendingCount, PENDING_MAX);
    store.append([entryOf(1, eventOf(1))], 1);
    store.addPending([eventOf(PENDING_MAX + 1)]);
    assert.equal(store.pendingCount, PENDING_MAX);
  });

  it('goes on from the last whole batch when one cannot be stored', async () => {
    const { db, store, queries } = trails.open();
    store.append(entries(2), 2);
    db.exec(`CREATE TRIGGER disk_full BEFORE INSERT ON records WHEN NEW.sequence = 4
             BEGIN SELECT RAISE(ABORT, 'disk full'); END`);
    const batch = [entryOf(3, eventOf(3)), entryOf(4, eventOf(4))];
    assert.throws(() => store.append(batch, 4), /disk full/);
    assert.deepEqual([store.lastSequence, store.logIndex], [2, 2]);
    db.exec('DROP TRIGGER disk_full');
    store.append(batch, 4);
    assert.equal((await queries.verify({ fromSequence: 0, toSequence: 0 })).checked, 4);
  });

  it('refuses a database of another version, naming both', () => {
    const directory = trails.directory();
    trails.open(directory).db.pragma('user_version = 99');
    trails.close();
    assert.throws(() => trails.open(directory), /schema 99; this version reads schema 2/);
  });
});
