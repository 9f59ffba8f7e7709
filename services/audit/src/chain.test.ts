import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { AuditEvent } from '@agenda/proto/audit/v1/audit';
import { linkHash } from './chain.ts';
import { entries, eventOf, type Trail, Trails } from './testing/trail.ts';

describe('the chain', () => {
  const trails = new Trails();
  const everything = { fromSequence: 0, toSequence: 0 };

  afterEach(() => trails.remove());

  function filled(count: number): Trail {
    const trail = trails.open();
    trail.store.append(entries(count), count);
    return trail;
  }

  it('hashes the former hash, the event, and the sequence as 8 bytes with the highest first', () => {
    const former = Buffer.alloc(32, 7);
    const event = AuditEvent.encode(eventOf(1)).finish();
    const expected = createHash('sha256')
      .update(Buffer.concat([former, event, Buffer.from('0000000000000102', 'hex')]))
      .digest();
    assert.deepEqual(linkHash(former, event, 0x102), expected);
  });

  it('names the first link that was tampered with, and the first that is missing', async () => {
    const { db, queries } = filled(30);
    const forged = AuditEvent.encode(eventOf(12, { actorName: 'somebody else' })).finish();
    db.prepare('UPDATE records SET event = ? WHERE sequence = 12').run(forged);
    const changed = await queries.verify(everything);
    assert.deepEqual([changed.intact, changed.brokenSequence, changed.checked], [false, 12, 11]);
    assert.match(changed.reason, /hash does not match/);
    db.prepare('DELETE FROM records WHERE sequence = 7').run();
    const missing = await queries.verify(everything);
    assert.deepEqual([missing.intact, missing.brokenSequence], [false, 7]);
    assert.match(missing.reason, /record 7 is missing/);
  });

  it('does not hold where a forged event got a hash of its own: the next link names another', async () => {
    const { db, queries } = filled(5);
    const forged = AuditEvent.encode(eventOf(3, { outcome: 'forbidden' })).finish();
    const row = db.prepare('SELECT previous_hash FROM records WHERE sequence = 3').get() as {
      previous_hash: Uint8Array;
    };
    db.prepare('UPDATE records SET event = ?, hash = ? WHERE sequence = 3').run(
      forged,
      linkHash(row.previous_hash, forged, 3),
    );
    const { intact, brokenSequence, reason } = await queries.verify(everything);
    assert.deepEqual([intact, brokenSequence], [false, 4]);
    assert.match(reason, /hash of the record before/);
  });

  it('does not hold where a column that queries look at was changed to hide a record', async () => {
    const { db, queries } = filled(5);
    db.prepare("UPDATE records SET action = 'harmless' WHERE sequence = 2").run();
    const { intact, brokenSequence, reason } = await queries.verify(everything);
    assert.deepEqual([intact, brokenSequence], [false, 2]);
    assert.match(reason, /column action/);
  });

  it('can be checked in part', async () => {
    const { db, queries } = filled(1_300);
    assert.equal((await queries.verify({ fromSequence: 5, toSequence: 0 })).checked, 1_296);
    assert.equal((await queries.verify({ fromSequence: 5, toSequence: 8 })).checked, 4);
    db.prepare("UPDATE records SET action = 'x' WHERE sequence = 9").run();
    assert.equal((await queries.verify({ fromSequence: 1, toSequence: 8 })).intact, true);
    assert.equal((await queries.verify({ fromSequence: 10, toSequence: 0 })).intact, true);
  });

  it('is told to be short of a record that is asked for and not there', async () => {
    const { db, queries } = filled(5);
    const beyond = await queries.verify({ fromSequence: 1, toSequence: 9 });
    assert.deepEqual([beyond.intact, beyond.brokenSequence], [false, 6]);
    await assert.rejects(queries.verify({ fromSequence: 9, toSequence: 0 }), {
      code: 'invalid_argument',
      message: /at most 5/,
    });
    db.prepare('DELETE FROM records WHERE sequence = 3').run();
    const before = await queries.verify({ fromSequence: 4, toSequence: 0 });
    assert.deepEqual([before.intact, before.brokenSequence], [false, 3]);
  });

  it('is intact while it is empty', async () => {
    const { queries } = trails.open();
    const { intact, checked, lastSequence } = await queries.verify(everything);
    assert.deepEqual([intact, checked, lastSequence], [true, 0, 0]);
  });

  it('is not walked on when nobody waits for the answer', async () => {
    const { queries } = filled(5);
    await assert.rejects(queries.verify(everything, AbortSignal.abort()), { code: 'timeout' });
  });
});
