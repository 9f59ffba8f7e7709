/**
 * Cores under a seeded schedule of ticks, losses, repeats, reorderings, crashes and restarts, and as asked for of
 * membership changes, snapshots and transfers. Every safety property of Raft is checked after each step.
 */
import assert from 'node:assert/strict';
import { membersOf } from '../membership.ts';
import { RaftCore } from '../raft.ts';
import { Random } from '../random.ts';
import type {
  Configuration,
  Entry,
  HardState,
  MemberId,
  MembershipChange,
  Message,
  Ready,
  SnapshotMetadata,
} from '../types.ts';
import { founding } from './member.ts';
import { MemoryLog, TEST_OPTIONS } from './memory-log.ts';

const NETWORK_MESSAGES_MAX = 200;

export interface ClusterSetup {
  readonly seed: number;
  readonly voters: number;
  /** Blank ones, which membership changes may take in; with none the membership stays. */
  readonly spares: number;
  readonly snapshots: boolean;
}

interface Member {
  readonly id: MemberId;
  readonly log: MemoryLog;
  hardState: HardState;
  core: RaftCore;
  alive: boolean;
  /** From index 1 on; survives a crash as an applied state machine would. */
  readonly applied: Entry[];
  fetching: SnapshotMetadata | undefined;
}

export class RandomCluster {
  readonly #random: Random;
  readonly #setup: ClusterSetup;
  readonly #members: Member[];
  readonly #leaders = new Map<number, MemberId>();
  /** By index - 1. */
  readonly #committed: Entry[];
  readonly #network: Message[] = [];
  #nextCommand = 1;
  #now = 0;
  #lossy = true;

  constructor(setup: ClusterSetup) {
    this.#setup = setup;
    this.#random = new Random(setup.seed);
    const ids = Array.from({ length: setup.voters + setup.spares }, (_, at) => `m${at}`);
    const first = founding({ voters: ids.slice(0, setup.voters) });
    this.#committed = [first];
    this.#members = ids.map((id, at) => this.#found(id, at < setup.voters ? [first] : []));
  }

  step(): void {
    const choice = this.#random.below(100);
    if (choice < 20) this.#tickAll();
    else if (choice < 75) this.#deliver();
    else if (choice < 83) this.#propose();
    else if (choice < 88) this.#read();
    else if (choice < 92) this.#changeMembers();
    else if (choice < 97) this.#compactOrFetch();
    else if (this.#lossy) this.#disturb();
    for (const member of this.#members) this.#drain(member);
    this.#check();
  }

  /** From here on nothing is lost and everybody is up; no more changes are asked for. */
  heal(): void {
    this.#lossy = false;
    for (const member of this.#members) if (!member.alive) this.#restart(member);
  }

  /** One leader leads everybody whom its configuration names, and all of them have applied the same. */
  get settled(): boolean {
    const leaders = this.#members.filter(({ core }) => core.status().role === 'leader');
    const [leader] = leaders;
    if (!leader || leaders.length > 1) return false;
    const { configuration, configurationIndex, commitIndex, lastIndex } = leader.core.status();
    if (configuration.votersOutgoing.length > 0 || configurationIndex > commitIndex) return false;
    const members = membersOf(configuration);
    return this.#members.every(({ id, applied }) => !members.has(id) || applied.length === lastIndex);
  }

  #found(id: MemberId, entries: readonly Entry[]): Member {
    const log = new MemoryLog();
    log.write(entries);
    const hardState: HardState = { term: entries.length, votedFor: '', commitIndex: entries.length };
    const core = this.#boot(id, log, hardState, entries.length);
    return { id, log, hardState, core, alive: true, applied: [...entries], fetching: undefined };
  }

  #boot(id: MemberId, log: MemoryLog, hardState: HardState, appliedIndex: number): RaftCore {
    const options = { ...TEST_OPTIONS, id, seed: this.#random.below(1 << 30) };
    return new RaftCore(options, log, { hardState, configurations: log.configurations(), appliedIndex });
  }

  #restart(member: Member): void {
    member.alive = true;
    member.fetching = undefined;
    member.core = this.#boot(member.id, member.log, member.hardState, member.applied.length);
  }

  #tickAll(): void {
    this.#now += 1;
    for (const { alive, core } of this.#members) if (alive && this.#random.below(4) > 0) core.tick();
  }

  #deliver(): void {
    const most = this.#lossy ? this.#random.below(16) : NETWORK_MESSAGES_MAX;
    for (let count = most; count > 0 && this.#network.length > 0; count--) {
      const at = this.#lossy ? this.#random.below(this.#network.length) : 0;
      const message = this.#network[at] as Message;
      if (!this.#lossy || this.#random.below(10) > 0) this.#network.splice(at, 1);
      if (this.#lossy && this.#random.below(10) === 0) continue;
      const target = this.#members.find(({ id }) => id === message.to);
      if (target?.alive) target.core.step(message);
    }
    if (this.#network.length > NETWORK_MESSAGES_MAX)
      this.#network.splice(0, this.#network.length - NETWORK_MESSAGES_MAX);
  }

  #propose(): void {
    const { alive, core } = this.#pick(this.#members);
    const data = Uint8Array.of(this.#nextCommand++ & 0xff);
    if (alive) core.propose([{ kind: 'command', data }], this.#now);
  }

  /** The request's id is what it must see at least: all that anybody has applied by now. */
  #read(): void {
    const { alive, core } = this.#pick(this.#members);
    if (alive) core.readIndex(this.#committed.length);
  }

  #changeMembers(): void {
    if (!this.#lossy || this.#setup.spares === 0) return;
    const leader = this.#members.find(({ alive, core }) => alive && core.status().role === 'leader');
    if (!leader) return;
    const changes: MembershipChange[] = [];
    for (let count = 1 + this.#random.below(3); count > 0; count--) {
      const kind = this.#pick(['addVoter', 'addVoter', 'addLearner', 'remove'] as const);
      changes.push({ kind, id: this.#pick(this.#members).id });
    }
    leader.core.proposeMembership(changes, this.#now);
  }

  #compactOrFetch(): void {
    if (!this.#setup.snapshots) return;
    const member = this.#pick(this.#members);
    if (!member.alive) return;
    if (member.fetching) this.#finishFetch(member, member.fetching);
    else if (this.#random.below(3) === 0) this.#compact(member);
  }

  #compact({ log, applied }: Member): void {
    const index = applied.length - this.#random.below(4);
    const last = applied[index - 1];
    if (!last || index <= (log.snapshot()?.index ?? 0)) return;
    const change = applied.findLast(
      (entry) => entry.index <= index && entry.payload.kind === 'configuration',
    );
    assert.ok(change?.payload.kind === 'configuration');
    const configuration: Configuration = change.payload.configuration;
    const { term, timestampMs } = last;
    log.compact({ index, term, timestampMs, configuration, configurationIndex: change.index });
  }

  #finishFetch(member: Member, metadata: SnapshotMetadata): void {
    member.fetching = undefined;
    if (this.#lossy && this.#random.below(4) === 0) return member.core.snapshotFailed(metadata);
    if (!member.core.wantsSnapshot(metadata)) return;
    member.log.reset(metadata);
    for (let index = member.applied.length + 1; index <= metadata.index; index++)
      member.applied.push(this.#committed[index - 1] as Entry);
    if (this.#lossy && this.#random.below(10) === 0) member.alive = false;
    else member.core.snapshotInstalled(metadata);
  }

  #disturb(): void {
    const member = this.#pick(this.#members);
    const other = this.#pick(this.#members);
    const what = this.#random.below(4);
    if (!member.alive) this.#restart(member);
    else if (what === 0) member.core.transferLeadership(other.id);
    else if (what === 1) member.core.reportUnreachable(other.id);
    else member.alive = false;
  }

  /** The driver's duties in order; a crash may strike between any two of them. */
  #drain(member: Member): void {
    for (let turns = 0; member.alive && member.core.hasReady(); turns++) {
      assert.ok(turns < 1_000, `${member.id} never comes to rest`);
      const crashAt = this.#lossy && this.#random.below(200) === 0 ? this.#random.below(3) : -1;
      const ready = member.core.ready();
      this.#network.push(...ready.messages);
      if (crashAt === 0) return this.#crash(member);
      if (ready.hardState) member.hardState = ready.hardState;
      member.log.write(ready.entries);
      if (crashAt === 1) return this.#crash(member);
      this.#network.push(...ready.messagesAfterPersist);
      const last = ready.entries.at(-1);
      if (last) member.core.persisted({ lastIndex: last.index, lastTerm: last.term });
      if (crashAt === 2) return this.#crash(member);
      this.#handOut(member, ready);
    }
  }

  #handOut(member: Member, { committed, readStates, snapshotToFetch }: Ready): void {
    for (const entry of committed) this.#apply(member, entry);
    for (const { requestId, index } of readStates)
      assert.ok(index >= requestId, `a read at ${index} misses entry ${requestId}`);
    if (snapshotToFetch) member.fetching = snapshotToFetch.metadata;
  }

  #crash(member: Member): void {
    member.alive = false;
  }

  /** State machine safety: one entry for an index, everywhere and for ever; applied in order, once. */
  #apply(member: Member, entry: Entry): void {
    assert.equal(entry.index, member.applied.length + 1, `${member.id} applies in order`);
    const known = this.#committed[entry.index - 1];
    if (known) assert.deepEqual(entry, known, `${member.id} applied another entry at ${entry.index}`);
    else this.#committed.push(entry);
    member.applied.push(entry);
  }

  #check(): void {
    for (const member of this.#members) {
      if (!member.alive) continue;
      const { role, term } = member.core.status();
      if (role !== 'leader') continue;
      const other = this.#leaders.get(term);
      if (other === member.id) continue;
      assert.equal(other, undefined, `election safety: ${other} and ${member.id} led term ${term}`);
      this.#leaders.set(term, member.id);
      this.#checkCompleteness(member, term);
    }
    this.#checkLogsMatch();
  }

  /** Leader completeness: whoever becomes leader has everything that was committed before. */
  #checkCompleteness({ id, log }: Member, term: number): void {
    for (let index = log.firstIndex(); index <= this.#committed.length; index++) {
      const entry = this.#committed[index - 1] as Entry;
      if (entry.term < term) assert.equal(log.term(index), entry.term, `leader ${id} lacks entry ${index}`);
    }
  }

  /** Log matching: the same index and term means the same log up to there. */
  #checkLogsMatch(): void {
    const [first, ...others] = this.#members as [Member, ...Member[]];
    for (const other of others) {
      const from = Math.max(first.log.firstIndex(), other.log.firstIndex());
      let agreed = false;
      for (let index = Math.min(first.log.lastIndex(), other.log.lastIndex()); index >= from; index--) {
        const same = first.log.term(index) === other.log.term(index);
        agreed ||= same;
        assert.ok(same || !agreed, `logs of ${first.id} and ${other.id} agree behind ${index}, not at it`);
      }
    }
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)] as T;
  }
}
