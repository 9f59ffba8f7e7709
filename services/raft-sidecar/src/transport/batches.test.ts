import assert from 'node:assert/strict';
import { MessageBatch } from '@agenda/proto/raft/v1/peer';
import type { Entry, Message } from '../core/types.ts';
import { BATCH_BYTES_MAX, cutBatches } from './batches.ts';
import { messageToWire } from './conversions.ts';

const member = (name: string): string => `${name.padEnd(63, 'x')}#01a2097b-78d6-7000-aec8-ef54eb27bc02`;

function append(count: number, bytes: number): Message {
  const entries: Entry[] = Array.from({ length: count }, (_, at) => ({
    index: 2 ** 40 + at,
    term: 2 ** 30,
    timestampMs: 1_700_000_000_000,
    payload: { kind: 'command', data: new Uint8Array(bytes) },
  }));
  const [from, to] = [member('a'), member('b')];
  return {
    kind: 'appendRequest',
    from,
    to,
    term: 1,
    prevIndex: 1,
    prevTerm: 1,
    entries,
    commitIndex: 1,
    round: 1,
  };
}

describe('batches of the peer stream', () => {
  it('stay below 48 KiB on the wire and keep the order', () => {
    const messages = [...Array.from({ length: 40 }, () => append(10, 300)), append(2_000, 0)];
    const batches = cutBatches(messages.slice(0, 40));
    assert.ok(batches.length > 1);
    for (const batch of batches) assert.ok(wireBytes(batch) <= BATCH_BYTES_MAX);
    assert.deepEqual(batches.flat(), messages.slice(0, 40));
  });

  it('give a message that is larger alone a batch of its own', () => {
    const batches = cutBatches([append(1, 10), append(1, 100_000), append(1, 10)]);
    assert.deepEqual(
      batches.map((batch) => batch.length),
      [1, 1, 1],
    );
  });
});

function wireBytes(messages: readonly Message[]): number {
  const batch = {
    messages: messages.map(messageToWire),
    clusterId: 'c',
    opening: undefined,
    mac: new Uint8Array(0),
  };
  return MessageBatch.encode(batch).finish().length;
}
