/** The rules of the Raft paper's Figure 2, one test each, and those of the thesis that go beyond it. */
import assert from 'node:assert/strict';
import { RaftCore } from './raft.ts';
import { MemoryLog, TEST_OPTIONS } from './testing/memory-log.ts';
import type { Configuration, Entry, HardState, Message, Ready } from './types.ts';

const TICKS = TEST_OPTIONS.electionTicks;
const COMMAND = { kind: 'command', data: Uint8Array.of(1) } as const;

type Kind = Message['kind'];
type Of<K extends Kind> = Extract<Message, { kind: K }>;

function configurationOf(...voters: string[]): Configuration {
  return { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
}

/** Member `a`, its disk, and everything it has said so far. */
class Member {
  readonly log = new MemoryLog();
  readonly sent: Message[] = [];
  readonly committed: Entry[] = [];
  readonly reads: Ready['readStates'][number][] = [];
  hardState: HardState;
  core: RaftCore;

  /** @param terms of the stored entries behind the first, which is the configuration. */
  constructor(voters: string[] = ['a', 'b', 'c'], terms: number[] = [], term = terms.at(-1) ?? 1) {
    const payload = { kind: 'configuration', configuration: configurationOf(...voters) } as const;
    this.log.write([{ index: 1, term: 1, timestampMs: 0, payload }]);
    this.log.write(
      terms.map((each, at) => ({ index: at + 2, term: each, timestampMs: 0, payload: COMMAND })),
    );
    this.hardState = { term, votedFor: '', commitIndex: 1 };
    this.core = this.#boot();
  }

  #boot(): RaftCore {
    const initial = { hardState: this.hardState, configurations: this.log.configurations(), appliedIndex: 1 };
    return new RaftCore({ ...TEST_OPTIONS, id: 'a', seed: 7 }, this.log, initial);
  }

  restart(): void {
    this.core = this.#boot();
  }

  /** Carries out what is owed, as the driver would. */
  work(): this {
    while (this.core.hasReady()) {
      const ready = this.core.ready();
      this.sent.push(...ready.messages);
      if (ready.hardState) this.hardState = ready.hardState;
      this.log.write(ready.entries);
      this.sent.push(...ready.messagesAfterPersist);
      const lastIndex = this.log.lastIndex();
      this.core.persisted({ lastIndex, lastTerm: this.log.term(lastIndex) ?? 0 });
      this.committed.push(...ready.committed);
      this.reads.push(...ready.readStates);
    }
    return this;
  }

  receive<K extends Kind>(
    kind: K,
    from: string,
    term: number,
    fields: Omit<Of<K>, 'kind' | 'from' | 'to' | 'term'>,
  ): this {
    this.core.step({ kind, from, to: 'a', term, ...fields } as unknown as Message);
    return this.work();
  }

  tick(count: number): this {
    for (let at = 0; at < count; at++) {
      this.core.tick();
      this.work();
    }
    return this;
  }

  last<K extends Kind>(kind: K): Of<K> {
    const found = this.sent.findLast((message) => message.kind === kind);
    assert.ok(found, `no ${kind} was sent`);
    return found as Of<K>;
  }

  append(
    from: string,
    term: number,
    prevIndex: number,
    prevTerm: number,
    terms: number[],
    commitIndex = 0,
  ): this {
    const entries = terms.map((each, at) => ({
      index: prevIndex + 1 + at,
      term: each,
      timestampMs: 0,
      payload: COMMAND,
    }));
    return this.receive('appendRequest', from, term, { prevIndex, prevTerm, entries, commitIndex, round: 1 });
  }

  /** Through pre-vote and vote to leadership. */
  lead(): this {
    this.tick(2 * TICKS);
    this.receive('preVoteResponse', 'b', this.core.status().term + 1, { granted: true });
    this.receive('voteResponse', 'b', this.core.status().term, { granted: true });
    assert.equal(this.core.status().role, 'leader');
    return this;
  }

  acknowledge(from: string, index: number, round = 0): this {
    const fields = { rejected: false, index, hintIndex: 0, hintTerm: 0, round };
    return this.receive('appendResponse', from, this.core.status().term, fields);
  }

  get terms(): (number | undefined)[] {
    return Array.from({ length: this.log.lastIndex() }, (_, at) => this.log.term(at + 1));
  }
}

describe('Figure 2 of the Raft paper', () => {
  describe('state (§5.1, §5.2)', () => {
    it('keeps term and vote over a restart, so that nobody votes twice in a term', () => {
      const member = new Member().receive('voteRequest', 'b', 2, {
        lastIndex: 1,
        lastTerm: 1,
        transfer: false,
      });
      assert.deepEqual([member.hardState.term, member.hardState.votedFor], [2, 'b']);
      member.restart();
      member.receive('voteRequest', 'c', 2, { lastIndex: 9, lastTerm: 2, transfer: false });
      assert.deepEqual([member.last('voteResponse').to, member.last('voteResponse').granted], ['c', false]);
    });

    it('sends a vote only after it is on disk', () => {
      const member = new Member();
      const body = { lastIndex: 1, lastTerm: 1, transfer: false };
      member.core.step({ kind: 'voteRequest', from: 'b', to: 'a', term: 2, ...body });
      const ready = member.core.ready();
      assert.deepEqual(ready.messages, []);
      assert.equal(ready.hardState?.votedFor, 'b');
      assert.equal(ready.messagesAfterPersist[0]?.kind, 'voteResponse');
    });
  });

  describe('AppendEntries, receiver (§5.1, §5.3)', () => {
    it('1. answers an earlier term with its own and takes nothing', () => {
      const member = new Member(['a', 'b', 'c'], [], 5).append('b', 4, 1, 1, [4]);
      assert.equal(member.last('heartbeatResponse').term, 5);
      assert.deepEqual(member.terms, [1]);
    });

    it('2. refuses when its log has no entry of prevTerm at prevIndex', () => {
      const member = new Member(['a', 'b', 'c'], [1]).append('b', 2, 5, 1, [2]);
      assert.equal(member.last('appendResponse').rejected, true);
      assert.deepEqual(member.terms, [1, 1]);
    });

    it('2. hints past a whole conflicting term in one answer', () => {
      const member = new Member(['a', 'b', 'c'], [2, 3, 3, 3]).append('b', 4, 5, 2, [4]);
      const { rejected, index, hintIndex, hintTerm } = member.last('appendResponse');
      assert.deepEqual([rejected, index, hintIndex, hintTerm], [true, 5, 2, 2]);
    });

    it('3. deletes a conflicting entry and all that follow it', () => {
      const member = new Member(['a', 'b', 'c'], [2, 2, 2]).append('b', 3, 2, 2, [3]);
      assert.deepEqual(member.terms, [1, 2, 3]);
    });

    it('3. deletes nothing when an old append holds less than the log', () => {
      const member = new Member(['a', 'b', 'c'], [2, 2, 2]).append('b', 2, 1, 1, [2]);
      assert.deepEqual(member.terms, [1, 2, 2, 2]);
    });

    it('4. appends what is not in the log', () => {
      const member = new Member().append('b', 2, 1, 1, [2, 2]);
      assert.deepEqual(member.terms, [1, 2, 2]);
      assert.equal(member.last('appendResponse').index, 3);
    });

    it('5. commits up to min(leaderCommit, index of the last new entry)', () => {
      const member = new Member().append('b', 2, 1, 1, [2, 2], 9);
      assert.equal(member.core.status().commitIndex, 3);
      assert.deepEqual(
        member.committed.map((entry) => entry.index),
        [2, 3],
      );
    });

    it('5. does not commit what it has behind the last new entry', () => {
      const member = new Member(['a', 'b', 'c'], [2, 2]).append('b', 3, 2, 2, [], 3);
      assert.equal(member.core.status().commitIndex, 2);
    });
  });

  describe('RequestVote, receiver (§5.1, §5.2, §5.4)', () => {
    const ask = (member: Member, from: string, term: number, lastIndex: number, lastTerm: number): boolean =>
      member.receive('voteRequest', from, term, { lastIndex, lastTerm, transfer: false }).last('voteResponse')
        .granted;

    it('1. refuses an earlier term', () => {
      assert.equal(ask(new Member(['a', 'b', 'c'], [], 5), 'b', 4, 9, 4), false);
    });

    it('2. votes once a term, first come, first served', () => {
      const member = new Member();
      assert.equal(ask(member, 'b', 2, 1, 1), true);
      assert.equal(ask(member, 'c', 2, 1, 1), false);
      assert.equal(ask(member, 'b', 2, 1, 1), true);
    });

    it('2. refuses a candidate whose log ends in an earlier term, however long it is (§5.4.1)', () => {
      assert.equal(ask(new Member(['a', 'b', 'c'], [3]), 'b', 4, 99, 2), false);
    });

    it('2. refuses a candidate whose log is shorter in the same term (§5.4.1)', () => {
      assert.equal(ask(new Member(['a', 'b', 'c'], [3, 3]), 'b', 4, 2, 3), false);
    });
  });

  describe('rules for all servers (§5.1, §5.3)', () => {
    it('apply what is committed, in order', () => {
      const member = new Member().append('b', 2, 1, 1, [2, 2]).append('b', 2, 3, 2, [2], 4);
      assert.deepEqual(
        member.committed.map((entry) => entry.index),
        [2, 3, 4],
      );
    });

    it('follow when they see a later term', () => {
      const member = new Member().lead();
      member.append('b', 9, 1, 1, []);
      const { role, term, leader } = member.core.status();
      assert.deepEqual([role, term, leader], ['follower', 9, 'b']);
    });
  });

  describe('rules for followers (§5.2)', () => {
    it('campaign when they hear nobody for an election timeout, after asking whether they could win (thesis §9.6)', () => {
      const member = new Member().tick(2 * TICKS);
      assert.equal(member.last('preVoteRequest').term, 2);
      assert.equal(member.hardState.term, 1);
    });

    it('stay quiet while they hear the leader', () => {
      const member = new Member();
      for (let round = 1; round < 10; round++)
        member.tick(TICKS - 1).receive('heartbeatRequest', 'b', 1, { commitIndex: 1, round });
      assert.ok(!member.sent.some((message) => message.kind === 'preVoteRequest'));
    });

    it('draw their timeout between one and two election timeouts', () => {
      const timeouts = new Set<number>();
      for (let seed = 0; seed < 60; seed++) {
        const log = new MemoryLog();
        const payload = { kind: 'configuration', configuration: configurationOf('a', 'b') } as const;
        log.write([{ index: 1, term: 1, timestampMs: 0, payload }]);
        const hardState = { term: 1, votedFor: '', commitIndex: 1 };
        const initial = { hardState, configurations: log.configurations(), appliedIndex: 1 };
        const core = new RaftCore({ ...TEST_OPTIONS, id: 'a', seed }, log, initial);
        let ticks = 0;
        while (core.status().role === 'follower') {
          core.tick();
          ticks += 1;
        }
        timeouts.add(ticks);
      }
      assert.ok(Math.min(...timeouts) >= TICKS && Math.max(...timeouts) < 2 * TICKS);
      assert.ok(timeouts.size > TICKS / 2, 'timeouts hardly differ');
    });
  });

  describe('rules for candidates (§5.2)', () => {
    const candidate = (): Member =>
      new Member(['a', 'b', 'c', 'd', 'e'])
        .tick(2 * TICKS)
        .receive('preVoteResponse', 'b', 2, { granted: true })
        .receive('preVoteResponse', 'c', 2, { granted: true });

    it('increment the term, vote for themselves and ask everybody', () => {
      const member = candidate();
      assert.deepEqual([member.hardState.term, member.hardState.votedFor], [2, 'a']);
      const asked = member.sent.flatMap((message) => (message.kind === 'voteRequest' ? [message.to] : []));
      assert.deepEqual(asked, ['b', 'c', 'd', 'e']);
    });

    it('lead with votes from a majority, and not before', () => {
      const member = candidate().receive('voteResponse', 'b', 2, { granted: true });
      assert.equal(member.core.status().role, 'candidate');
      member.receive('voteResponse', 'c', 2, { granted: true });
      assert.equal(member.core.status().role, 'leader');
    });

    it('follow a leader of their term', () => {
      const member = candidate().append('d', 2, 1, 1, [2]);
      assert.deepEqual([member.core.status().role, member.core.status().leader], ['follower', 'd']);
    });

    it('start another election when theirs times out', () => {
      const member = candidate().tick(2 * TICKS);
      assert.equal(member.last('preVoteRequest').term, 3);
    });
  });

  describe('rules for leaders (§5.3, §5.4)', () => {
    it('say so at once, with the empty entry of their term (§8), and repeat it while idle', () => {
      const member = new Member().lead();
      assert.equal(member.last('appendRequest').entries[0]?.payload.kind, 'noop');
      const before = member.sent.length;
      member.tick(TEST_OPTIONS.heartbeatTicks);
      assert.ok(member.sent.slice(before).some((message) => message.kind === 'heartbeatRequest'));
    });

    it('append a command, replicate it, and commit it when a majority has it on disk', () => {
      const member = new Member().lead().acknowledge('b', 2);
      const [result] = member.core.propose([COMMAND], 5);
      assert.deepEqual(result, { ok: true, index: 3, term: 2 });
      member.work();
      assert.equal(member.core.status().commitIndex, 2);
      member.acknowledge('b', 3);
      assert.equal(member.core.status().commitIndex, 3);
    });

    it('count themselves only when their own write is done (thesis §10.2.1)', () => {
      const member = new Member().lead().acknowledge('b', 2);
      member.core.propose([COMMAND], 5);
      member.core.ready();
      const fields = { rejected: false, index: 3, hintIndex: 0, hintTerm: 0, round: 0 };
      member.core.step({ kind: 'appendResponse', from: 'b', to: 'a', term: 2, ...fields });
      assert.equal(member.core.status().commitIndex, 2);
    });

    it('step back along the hint when a follower refuses, then send what it lacks', () => {
      const member = new Member(['a', 'b', 'c'], [1, 1, 1]).lead();
      const fields = { rejected: true, index: 4, hintIndex: 1, hintTerm: 1, round: 1 };
      member.receive('appendResponse', 'b', 2, fields);
      const { prevIndex, entries } = member.last('appendRequest');
      assert.equal(prevIndex, 1);
      assert.deepEqual(
        entries.map((entry) => entry.index),
        [2, 3, 4, 5],
      );
    });

    it('never commit an entry of an earlier term by counting (§5.4.2, Figure 8)', () => {
      const member = new Member(['a', 'b', 'c'], [2], 2).lead();
      member.acknowledge('b', 2);
      assert.equal(member.core.status().commitIndex, 1);
      member.acknowledge('b', 3);
      assert.equal(member.core.status().commitIndex, 3);
    });
  });

  describe('beyond Figure 2', () => {
    it('a member that hears its leader helps nobody to depose it (thesis §4.2.3)', () => {
      const member = new Member().receive('heartbeatRequest', 'b', 1, { commitIndex: 1, round: 1 });
      member.receive('voteRequest', 'c', 9, { lastIndex: 99, lastTerm: 8, transfer: false });
      assert.ok(!member.sent.some((message) => message.kind === 'voteResponse'));
      assert.equal(member.core.status().term, 1);
    });

    it('unless the leader asked for it (thesis §3.10)', () => {
      const member = new Member().receive('heartbeatRequest', 'b', 1, { commitIndex: 1, round: 1 });
      member.receive('voteRequest', 'c', 2, { lastIndex: 99, lastTerm: 1, transfer: true });
      assert.equal(member.last('voteResponse').granted, true);
    });

    it('a leader that no majority answers steps down (thesis §6.2)', () => {
      const member = new Member().lead().tick(2 * TICKS);
      assert.notEqual(member.core.status().role, 'leader');
    });

    it('a read waits for a round of a majority that began after it (thesis §6.4)', () => {
      const member = new Member().lead().acknowledge('b', 2);
      assert.deepEqual(member.core.readIndex(77), { ok: true });
      member.work();
      assert.deepEqual(member.reads, []);
      const { round } = member.last('heartbeatRequest');
      member.receive('heartbeatResponse', 'b', 2, { round: round - 1 });
      assert.deepEqual(member.reads, []);
      member.receive('heartbeatResponse', 'b', 2, { round });
      assert.deepEqual(member.reads, [{ requestId: 77, index: 2 }]);
    });

    it('a read waits until the leader knows what is committed (thesis §6.4)', () => {
      const member = new Member().lead();
      member.core.readIndex(77);
      member.work();
      const { round } = member.last('heartbeatRequest');
      member.receive('heartbeatResponse', 'b', 2, { round });
      assert.deepEqual(member.reads, []);
      member.acknowledge('b', 2, round);
      assert.deepEqual(member.reads, [{ requestId: 77, index: 2 }]);
    });

    it('a leader tells its successor to campaign once it has the whole log, and takes no proposals meanwhile', () => {
      const member = new Member().lead();
      assert.ok(member.core.transferLeadership('b'));
      member.work();
      assert.ok(!member.sent.some((message) => message.kind === 'timeoutNow'));
      assert.deepEqual(member.core.propose([COMMAND], 0), [{ ok: false, refusal: 'transferring' }]);
      member.acknowledge('b', 2);
      assert.equal(member.last('timeoutNow').to, 'b');
    });

    it('a membership change waits for the term to be committed, and for the change before it (thesis §4.1)', () => {
      const member = new Member().lead();
      const add = [{ kind: 'addLearner', id: 'd' }] as const;
      assert.deepEqual(member.core.proposeMembership(add, 0), {
        ok: false,
        refusal: 'membershipChangePending',
      });
      member.acknowledge('b', 2);
      assert.equal(member.core.proposeMembership(add, 0).ok, true);
      assert.deepEqual(member.core.status().configuration.learners, ['d']);
      assert.equal(member.core.proposeMembership([{ kind: 'addVoter', id: 'd' }], 0).ok, false);
    });

    it('a configuration that is truncated is no longer in force (thesis §4.1)', () => {
      const member = new Member().lead().acknowledge('b', 2);
      member.core.proposeMembership([{ kind: 'addVoter', id: 'd' }], 0);
      member.work();
      assert.deepEqual(member.core.status().configuration.voters, ['a', 'b', 'c', 'd']);
      member.append('c', 3, 2, 2, [3]);
      assert.deepEqual(member.core.status().configuration.voters, ['a', 'b', 'c']);
    });

    it('sends no more ahead than the bound on appends under way', () => {
      const member = new Member().lead().acknowledge('b', 2);
      const before = member.sent.length;
      for (let count = 0; count < 20; count++) {
        member.core.propose([COMMAND], 0);
        member.work();
      }
      const ahead = member.sent
        .slice(before)
        .filter((message) => message.kind === 'appendRequest' && message.to === 'b');
      const filled = ahead.filter(
        (message) => message.kind === 'appendRequest' && message.entries.length > 0,
      );
      assert.equal(filled.length, TEST_OPTIONS.inflightMessagesMax);
    });

    it('refuses proposals when too much is uncommitted, and says so', () => {
      const member = new Member().lead().acknowledge('b', 2);
      const large = { kind: 'command', data: new Uint8Array(TEST_OPTIONS.uncommittedBytesMax) } as const;
      assert.equal(member.core.propose([large], 0)[0]?.ok, true);
      assert.deepEqual(member.core.propose([COMMAND], 0), [{ ok: false, refusal: 'overloaded' }]);
    });
  });
});
