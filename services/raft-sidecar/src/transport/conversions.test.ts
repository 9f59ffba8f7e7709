import assert from 'node:assert/strict';
import { Entry as WireEntry } from '@agenda/proto/raft/v1/entry';
import { Message as WireMessage } from '@agenda/proto/raft/v1/peer';
import type { Entry, Message, SnapshotMetadata } from '../core/types.ts';
import {
  entryFromWire,
  entryToWire,
  memberIdOf,
  messageFromWire,
  messageToWire,
  nodeIdOf,
} from './conversions.ts';

const configuration = {
  voters: ['a#1', 'b#1'],
  votersOutgoing: ['a#1'],
  learners: ['c#1'],
  learnersNext: ['d#1'],
  autoLeave: true,
};
const entries: Entry[] = [
  { index: 7, term: 2, timestampMs: 1_700_000_000_000, payload: { kind: 'noop' } },
  { index: 8, term: 2, timestampMs: 5, payload: { kind: 'command', data: Buffer.from('command') } },
  { index: 9, term: 3, timestampMs: 6, payload: { kind: 'checkpoint', data: Buffer.from([0]) } },
  { index: 10, term: 3, timestampMs: 7, payload: { kind: 'configuration', configuration } },
  { index: 2 ** 53 - 1, term: 2 ** 40, timestampMs: 8, payload: { kind: 'command', data: Buffer.alloc(0) } },
];
const metadata: SnapshotMetadata = {
  index: 5,
  term: 2,
  timestampMs: 3,
  configuration,
  configurationIndex: 4,
};
const envelope = { from: 'a#1', to: 'b#1', term: 3 };
const messages: Message[] = [
  { kind: 'preVoteRequest', ...envelope, lastIndex: 1, lastTerm: 2 },
  { kind: 'preVoteResponse', ...envelope, granted: true },
  { kind: 'voteRequest', ...envelope, lastIndex: 1, lastTerm: 2, transfer: true },
  { kind: 'voteResponse', ...envelope, granted: false },
  { kind: 'appendRequest', ...envelope, prevIndex: 6, prevTerm: 2, entries, commitIndex: 4, round: 9 },
  { kind: 'appendResponse', ...envelope, rejected: true, index: 6, hintIndex: 4, hintTerm: 1, round: 9 },
  { kind: 'heartbeatRequest', ...envelope, commitIndex: 4, round: 10 },
  { kind: 'heartbeatResponse', ...envelope, round: 10 },
  { kind: 'snapshotOffer', ...envelope, metadata },
  { kind: 'snapshotResponse', ...envelope, index: 5, rejected: true },
  { kind: 'timeoutNow', ...envelope },
];

describe('conversions between the core and the wire', () => {
  for (const message of messages)
    it(`bring a ${message.kind} over unchanged`, () => {
      const bytes = WireMessage.encode(messageToWire(message)).finish();
      assert.deepEqual(plain(messageFromWire(WireMessage.decode(bytes))), plain(message));
    });

  for (const entry of entries)
    it(`bring a ${entry.payload.kind} entry over unchanged`, () => {
      const bytes = WireEntry.encode(entryToWire(entry)).finish();
      assert.deepEqual(plain(entryFromWire(WireEntry.decode(bytes))), plain(entry));
    });

  it('drop a message of a kind that is not known, and an offer without a configuration', () => {
    assert.equal(messageFromWire(WireMessage.fromPartial(envelope)), undefined);
    const offer = {
      ...envelope,
      body: { $case: 'snapshotOffer', value: { metadata: { index: 5 } } },
    } as const;
    assert.equal(messageFromWire(WireMessage.fromPartial(offer)), undefined);
  });

  it('take a member id apart', () => {
    assert.equal(memberIdOf('agenda-1', 'x'), 'agenda-1#x');
    assert.equal(nodeIdOf('agenda-1#x'), 'agenda-1');
    assert.equal(nodeIdOf('agenda-1'), 'agenda-1');
  });
});

/** Byte arrays compare by content, whatever their class. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item) =>
      item?.type === 'Buffer' ? item.data : item instanceof Uint8Array ? [...item] : item,
    ),
  );
}
