/** The checks against histories that are wrong on purpose: each must be called by its name, and a right one pass. */
import assert from 'node:assert/strict';
import type { CoreStatus } from '../../../services/raft-sidecar/src/core/raft.ts';
import type {
  Configuration,
  Entry,
  MemberId,
  Message,
} from '../../../services/raft-sidecar/src/core/types.ts';
import { BLANK_LOG, type LogImage } from '../cluster/disk.ts';
import { BLANK_IMAGE, encodeCommand, ListMachine } from '../cluster/list-machine.ts';
import { Oracle } from './oracle.ts';
import { isQuorum, quorumsOverlap } from './quorums.ts';

const configurationOf = (...voters: MemberId[]): Configuration => ({
  voters,
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
});
const ABC = configurationOf('a', 'b', 'c');
const FOUNDED: Entry = {
  index: 1,
  term: 1,
  timestampMs: 0,
  payload: { kind: 'configuration', configuration: ABC },
};

function command(index: number, term: number, value = `v${index}`): Entry {
  const data = encodeCommand({ id: value, kind: 'append', key: 'k', value });
  return { index, term, timestampMs: index, payload: { kind: 'command', data } };
}

/** One cluster of a, b and c, founded in term 1, as the oracle sees it. */
class Told {
  readonly oracle = new Oracle(false);
  readonly #images = new Map<MemberId, LogImage>();

  constructor() {
    this.oracle.committed('a', 1, FOUNDED);
    for (const member of ABC.voters) this.disk(member, { entries: [FOUNDED], term: 1 });
  }

  get broken(): string | undefined {
    return this.oracle.violations.first?.property;
  }

  get text(): string {
    return this.oracle.violations.first?.text ?? 'nothing is wrong';
  }

  disk(
    member: MemberId,
    { entries, term, votedFor = '' }: { entries?: readonly Entry[]; term?: number; votedFor?: MemberId },
    status?: CoreStatus,
  ): void {
    const before = this.#images.get(member) ?? BLANK_LOG;
    const hardState = { term: term ?? before.hardState.term, votedFor, commitIndex: 0 };
    const image = { ...before, hardState, entries: entries ?? before.entries };
    this.#images.set(member, image);
    this.oracle.synced(member, image, status);
  }

  step(id: MemberId, status: Partial<CoreStatus>, nowUs = 0): void {
    this.oracle.stepped(id, statusOf(id, status), nowUs);
  }

  /** With the votes of itself and of b. */
  elect(candidate: MemberId, term: number, status: Partial<CoreStatus> = {}): void {
    this.disk(candidate, { term, votedFor: candidate });
    this.disk(candidate === 'b' ? 'c' : 'b', { term, votedFor: candidate });
    this.step(candidate, { role: 'leader', term, leader: candidate, ...status });
  }

  send(message: Partial<Message> & { kind: Message['kind']; from: MemberId }): void {
    this.oracle.sends({ to: 'a', term: 2, ...message } as Message);
  }
}

function statusOf(id: MemberId, status: Partial<CoreStatus>): CoreStatus {
  return {
    id,
    role: 'follower',
    leader: '',
    term: 1,
    commitIndex: 1,
    firstIndex: 1,
    lastIndex: 1,
    configuration: ABC,
    configurationIndex: 1,
    termIsCommitted: false,
    transferTarget: '',
    members: [],
    ...status,
  };
}

describe('the oracle finds nothing wrong with', () => {
  it('an election, a replicated entry and its commit', () => {
    const told = new Told();
    const entries = [FOUNDED, command(2, 2)];
    told.elect('a', 2);
    told.disk('a', { entries, votedFor: 'a' });
    told.disk('b', { entries, votedFor: 'a' });
    told.send({ kind: 'appendResponse', from: 'b', rejected: false, index: 2 });
    told.step('a', { role: 'leader', term: 2, commitIndex: 2, lastIndex: 2 });
    told.oracle.committed('a', 2, entries[1] as Entry);
    told.elect('b', 3, { lastIndex: 2 });
    assert.equal(told.broken, undefined, told.text);
  });

  it('a deposed leader that lacks what a later one has committed of a term before its own', () => {
    const told = new Told();
    const late = [FOUNDED, command(2, 2), command(3, 4)];
    told.elect('a', 3);
    told.disk('b', { entries: late, term: 4, votedFor: 'b' });
    told.disk('c', { entries: late, term: 4, votedFor: 'b' });
    told.step('b', { role: 'leader', term: 4, lastIndex: 3, commitIndex: 3 });
    for (const entry of late.slice(1)) told.oracle.committed('b', 4, entry);
    assert.equal(told.broken, undefined, told.text);
  });
});

describe('the oracle calls by its name', () => {
  const wrong: Record<string, (told: Told) => void> = {
    'election safety': (told) => {
      told.elect('a', 2);
      told.step('c', { role: 'leader', term: 2, leader: 'c' });
    },
    'one vote a term': (told) => {
      told.disk('a', { term: 2, votedFor: 'a' });
      told.disk('b', { term: 2, votedFor: 'a' });
      told.disk('b', { term: 2, votedFor: 'c' });
    },
    'promises are on disk': (told) => {
      told.disk('a', { term: 2, votedFor: 'a' });
      told.send({ kind: 'voteResponse', from: 'b', granted: true });
    },
    'leader append-only': (told) => {
      told.elect('a', 2, { lastIndex: 3 });
      told.step('a', { role: 'leader', term: 2, lastIndex: 2 });
    },
    'log matching': (told) => {
      told.disk('a', { entries: [FOUNDED, command(2, 2, 'one')] });
      told.disk('b', { entries: [FOUNDED, command(2, 2, 'other')] });
    },
    'log time': (told) =>
      told.disk('a', { entries: [FOUNDED, { ...command(2, 2), timestampMs: 9 }, command(3, 2)] }),
    'leader completeness': (told) => {
      const entry = command(2, 2);
      told.elect('c', 2);
      told.disk('c', { entries: [FOUNDED, entry], votedFor: 'c' });
      told.oracle.committed('c', 2, entry);
      told.elect('a', 3);
    },
    'commit rule': (told) => {
      told.elect('a', 2);
      told.disk('a', { entries: [FOUNDED, command(2, 2)], votedFor: 'a' });
      told.step('a', { role: 'leader', term: 2, lastIndex: 2, commitIndex: 2 });
    },
    'state machine safety': (told) => {
      told.oracle.committed('a', 2, command(2, 2, 'one'));
      told.oracle.committed('b', 2, command(2, 2, 'other'));
    },
    'quorum intersection': (told) => {
      const configuration = configurationOf('a', 'd', 'e');
      const change: Entry = { ...command(2, 2), payload: { kind: 'configuration', configuration } };
      told.elect('a', 2);
      const status = statusOf('a', { role: 'leader', term: 2, lastIndex: 2, configurationIndex: 2 });
      told.disk('a', { entries: [FOUNDED, change], votedFor: 'a' }, status);
    },
    snapshots: (told) => {
      const metadata = { index: 7, term: 2, timestampMs: 0, configuration: ABC, configurationIndex: 1 };
      const log = { ...BLANK_LOG, start: { index: 7, term: 2 }, snapshot: metadata };
      told.oracle.synced('b', log, undefined);
    },
    'step down': (told) => {
      const configuration = configurationOf('b', 'c');
      told.elect('a', 2);
      for (const nowUs of [0, 2_000_000])
        told.step('a', { role: 'leader', term: 2, configuration, configurationIndex: 1 }, nowUs);
    },
    transfer: (told) => {
      told.elect('a', 2, { transferTarget: 'b' });
      told.step('a', { role: 'leader', term: 2, transferTarget: 'b', lastIndex: 2 });
    },
    'read index': (told) => {
      told.oracle.readAt(7, 7);
      assert.equal(told.broken, undefined);
      told.oracle.readAt(6, 7);
    },
    'core invariant': (told) => {
      told.step('a', { commitIndex: 5 });
      told.step('a', { commitIndex: 4 });
    },
  };
  for (const [property, tell] of Object.entries(wrong))
    it(property, () => {
      const told = new Told();
      tell(told);
      assert.equal(told.broken, property, told.text);
    });

  it('a command that takes effect at two places', () => {
    const told = new Told();
    const entries = [command(2, 2, 'same'), command(3, 2, 'same')];
    const forgetful = new ListMachine({ ...BLANK_IMAGE, appliedIndex: 1, appliedTerm: 1 });
    for (const entry of entries) {
      told.oracle.committed('a', 2, entry);
      const applied = forgetful.apply(entry);
      told.oracle.applied('a', forgetful, applied && { ...applied, repeated: false });
    }
    assert.equal(told.broken, 'exactly once');
  });

  it('two states after the same entry', () => {
    const told = new Told();
    told.oracle.committed('a', 2, command(2, 2, 'one'));
    for (const value of ['one', 'other']) {
      const machine = new ListMachine({ ...BLANK_IMAGE, appliedIndex: 1, appliedTerm: 1 });
      told.oracle.applied('a', machine, machine.apply(command(2, 2, value)));
    }
    assert.equal(told.broken, 'state machine safety');
  });
});

describe('quorums, as the oracle counts them', () => {
  it('are more than half of either half', () => {
    const joint = { ...configurationOf('a', 'd', 'e'), votersOutgoing: ['a', 'b', 'c'] };
    const of = (...ids: MemberId[]) => isQuorum(joint, (id) => ids.includes(id));
    assert.ok(of('a', 'b', 'd'));
    assert.ok(!of('a', 'd', 'e'));
    assert.ok(!of('b', 'c', 'd'));
    assert.ok(!isQuorum(configurationOf('a', 'b'), (id) => id === 'a'));
  });

  it('overlap where one voter differs, and across a joint configuration, and not otherwise', () => {
    const joint = { ...configurationOf('a', 'd', 'e'), votersOutgoing: ['a', 'b', 'c'] };
    assert.ok(quorumsOverlap(ABC, configurationOf('a', 'b', 'c', 'd')));
    assert.ok(quorumsOverlap(ABC, joint) && quorumsOverlap(joint, configurationOf('a', 'd', 'e')));
    assert.ok(!quorumsOverlap(ABC, configurationOf('a', 'd', 'e')));
  });
});
