/** A small cluster of real cores under a seeded schedule of ticks, losses, repeats, reorderings, crashes and restarts. */
import assert from 'node:assert/strict';
import { RaftCore } from './raft.ts';
import { Random } from './random.ts';
import { MemoryLog, TEST_OPTIONS } from './testing/memory-log.ts';
import type { Configuration, Entry, HardState, MemberId, Message } from './types.ts';

const SEEDS = Number(process.env.CORE_SEEDS ?? 300);
const STEPS = 400;
const HEAL_STEPS = 3_000;

interface Member {
  readonly id: MemberId;
  readonly log: MemoryLog;
  hardState: HardState;
  core: RaftCore;
  alive: boolean;
  /** What was handed out to be applied, ever; survives a crash as an applied state machine would. */
  readonly applied: Entry[];
}

class Cluster {
  readonly #random: Random;
  readonly #members: Member[];
  readonly #leaders = new Map<number, MemberId>();
  readonly #committed: Entry[] = [];
  #network: Message[] = [];
  #nextCommand = 1;
  #now = 0;
  lossy = true;

  constructor(seed: number, size: number) {
    this.#random = new Random(seed);
    const voters = Array.from({ length: size }, (_, index) => `m${index}`);
    const configuration: Configuration = {
      voters,
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    this.#members = voters.map((id, index) => {
      const log = new MemoryLog();
      log.write([{ index: 1, term: 1, timestampMs: 0, payload: { kind: 'configuration', configuration } }]);
      const hardState: HardState = { term: 1, votedFor: '', commitIndex: 1 };
      const applied: Entry[] = [];
      return {
        id,
        log,
        hardState,
        applied,
        alive: true,
        core: this.#boot(id, log, hardState, seed + index, 1),
      };
    });
  }

  step(): void {
    const choice = this.#random.below(100);
    if (choice < 30) this.#tickAll();
    else if (choice < 80) this.#deliver();
    else if (choice < 92) this.#propose();
    else if (choice < 96) this.#read();
    else if (this.lossy) this.#crashOrRestart();
    for (const member of this.#members) this.#drain(member, this.lossy);
    this.#check();
  }

  heal(): void {
    this.lossy = false;
    for (const member of this.#members) if (!member.alive) this.#restart(member);
  }

  /** True once one leader leads everybody and all have applied the same. */
  get settled(): boolean {
    const leaders = this.#members.filter((member) => member.core.status().role === 'leader');
    const lengths = new Set(this.#members.map((member) => member.applied.length));
    return (
      leaders.length === 1 &&
      lengths.size === 1 &&
      this.#members.every((m) => m.core.status().commitIndex > 2)
    );
  }

  #boot(id: MemberId, log: MemoryLog, hardState: HardState, seed: number, appliedIndex: number): RaftCore {
    return new RaftCore({ ...TEST_OPTIONS, id, seed }, log, {
      hardState,
      configurations: log.configurations(),
      appliedIndex,
    });
  }

  #restart(member: Member): void {
    member.alive = true;
    const appliedIndex = member.applied.at(-1)?.index ?? 1;
    member.core = this.#boot(
      member.id,
      member.log,
      member.hardState,
      this.#random.below(1 << 30),
      appliedIndex,
    );
  }

  #crashOrRestart(): void {
    const member = this.#pick(this.#members);
    if (member.alive) member.alive = false;
    else this.#restart(member);
  }

  #tickAll(): void {
    this.#now += 1;
    for (const member of this.#members) if (member.alive && this.#random.below(4) > 0) member.core.tick();
  }

  #deliver(): void {
    for (let count = this.#random.below(8); count > 0 && this.#network.length > 0; count--) {
      const at = this.lossy ? this.#random.below(this.#network.length) : 0;
      const message = this.#network[at] as Message;
      if (!this.lossy || this.#random.below(10) > 0) this.#network.splice(at, 1);
      if (this.lossy && this.#random.below(10) === 0) continue;
      const target = this.#members.find((member) => member.id === message.to);
      if (target?.alive) target.core.step(message);
    }
    if (this.#network.length > 200) this.#network.splice(0, this.#network.length - 200);
  }

  #propose(): void {
    const member = this.#pick(this.#members);
    const data = Uint8Array.of(this.#nextCommand++ & 0xff);
    if (member.alive) member.core.propose([{ kind: 'command', data }], this.#now);
  }

  #read(): void {
    const member = this.#pick(this.#members);
    const committed = Math.max(0, this.#committed.length - 1);
    if (member.alive) member.core.readIndex(committed);
  }

  /** The driver's duties in order; a crash may strike between any two of them. */
  #drain(member: Member, mayCrash: boolean): void {
    while (member.alive && member.core.hasReady()) {
      const crashAt = mayCrash && this.#random.below(200) === 0 ? this.#random.below(3) : -1;
      const ready = member.core.ready();
      this.#network.push(...ready.messages);
      if (crashAt === 0) return this.#crash(member);
      if (ready.hardState) member.hardState = ready.hardState;
      member.log.write(ready.entries);
      if (crashAt === 1) return this.#crash(member);
      this.#network.push(...ready.messagesAfterPersist);
      const lastIndex = member.log.lastIndex();
      member.core.persisted({ lastIndex, lastTerm: member.log.term(lastIndex) as number });
      if (crashAt === 2) return this.#crash(member);
      for (const entry of ready.committed) this.#apply(member, entry);
      for (const read of ready.readStates)
        assert.ok(read.index >= read.requestId, `a read at ${read.index} misses entry ${read.requestId}`);
    }
  }

  #crash(member: Member): void {
    member.alive = false;
  }

  /** State machine safety: one entry for an index, everywhere and for ever; applied in order, once. */
  #apply(member: Member, entry: Entry): void {
    const previous = member.applied.at(-1)?.index ?? 1;
    assert.equal(entry.index, previous + 1, `${member.id} applied ${entry.index} after ${previous}`);
    member.applied.push(entry);
    const known = this.#committed[entry.index];
    if (known) assert.deepEqual(entry, known, `${member.id} applied another entry at ${entry.index}`);
    else this.#committed[entry.index] = entry;
  }

  #check(): void {
    for (const member of this.#members) {
      if (!member.alive) continue;
      const status = member.core.status();
      if (status.role !== 'leader') continue;
      const other = this.#leaders.get(status.term);
      assert.ok(
        !other || other === member.id,
        `election safety: ${other} and ${member.id} led term ${status.term}`,
      );
      if (!other) this.#checkCompleteness(member);
      this.#leaders.set(status.term, member.id);
    }
    this.#checkLogsMatch();
  }

  /** Leader completeness: whoever becomes leader has everything that was committed before. */
  #checkCompleteness(leader: Member): void {
    for (const entry of this.#committed) {
      if (!entry || entry.term >= leader.core.status().term) continue;
      const own = leader.log.term(entry.index);
      assert.ok(own === entry.term, `leader ${leader.id} lacks committed entry ${entry.index}`);
    }
  }

  /** Log matching: the same index and term means the same log up to there. */
  #checkLogsMatch(): void {
    const [first, ...others] = this.#members as [Member, ...Member[]];
    for (const other of others) {
      let agreed = false;
      for (let index = Math.min(first.log.lastIndex(), other.log.lastIndex()); index > 0; index--) {
        const same = first.log.term(index) === other.log.term(index);
        if (same) agreed = true;
        assert.ok(
          same || !agreed,
          `logs of ${first.id} and ${other.id} match after index ${index} but not at it`,
        );
      }
    }
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)] as T;
  }
}

describe('a cluster of cores under random faults', () => {
  for (const size of [3, 5])
    it(`keeps every safety property and recovers, with ${size} members over ${SEEDS} seeds`, () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        try {
          const cluster = new Cluster(seed * 7919 + size, size);
          for (let step = 0; step < STEPS; step++) cluster.step();
          cluster.heal();
          let steps = 0;
          while (!cluster.settled && steps < HEAL_STEPS) {
            cluster.step();
            steps += 1;
          }
          assert.ok(cluster.settled, 'liveness: no single leader with everybody caught up after healing');
        } catch (error) {
          (error as Error).message = `seed ${seed} (CORE_SEEDS=${seed}): ${(error as Error).message}`;
          throw error;
        }
      }
    }).timeout(60_000);
});
