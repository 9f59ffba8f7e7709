/** Real cores, their disks, and the messages under way between them. Nothing happens but what a script asks for. */
import assert from 'node:assert/strict';
import { type MemberSetup, TestMember } from '../../services/raft-sidecar/src/core/testing/member.ts';
import type {
  Entry,
  MemberId,
  Message,
  Ready,
  SnapshotMetadata,
} from '../../services/raft-sidecar/src/core/types.ts';
import {
  describeChange,
  describeEntry,
  describeMessage,
  describeOutcome,
  describeWrite,
  type Face,
} from './trace.ts';

/** More than any script needs: past it, members talk without end. */
const DELIVERIES_MAX = 10_000;

interface Seat {
  readonly member: TestMember;
  running: boolean;
  face: Face;
  /** The disk stalls: this Ready is written, and the next one taken, only when it works again. */
  stalled: boolean;
  unwritten: Ready | undefined;
  offered: SnapshotMetadata | undefined;
}

export class World {
  readonly #seats = new Map<MemberId, Seat>();
  readonly #cut = new Set<string>();
  readonly #applied: Entry[] = [];
  readonly #leaders = new Map<number, MemberId>();
  #underWay: Message[] = [];
  #trace: string[] = [];
  /** Messages are not told, only what they change. */
  quiet = false;

  get ids(): MemberId[] {
    return [...this.#seats.keys()];
  }

  get underWay(): readonly Message[] {
    return this.#underWay;
  }

  takeTrace(): string[] {
    const trace = this.#trace;
    this.#trace = [];
    return trace;
  }

  tell(line: string): void {
    this.#trace.push(line);
  }

  /** What a message or a directive leads to: indented, under it. */
  #tellEffects(lines: readonly string[]): void {
    for (const line of lines) this.tell(`  ${line}`);
  }

  add(setup: MemberSetup & { readonly id: MemberId }): void {
    const member = new TestMember(setup);
    const { commitIndex } = member.hardState;
    if (commitIndex > 0)
      for (const entry of member.log.entries(1, commitIndex, Infinity)) this.#apply(member, entry);
    const face = faceOf(member);
    this.#seats.set(setup.id, {
      member,
      running: true,
      face,
      stalled: false,
      unwritten: undefined,
      offered: undefined,
    });
  }

  member(id: MemberId): TestMember {
    return this.#seat(id).member;
  }

  isRunning(id: MemberId): boolean {
    return this.#seat(id).running;
  }

  /** Does something to a member, then what its core owes. */
  act<T>(id: MemberId, action: (member: TestMember) => T): T {
    const seat = this.#seat(id);
    assert.ok(seat.running, `${id} is down`);
    const result = action(seat.member);
    this.#drain(id, seat);
    this.#checkLeader(id, seat);
    return result;
  }

  cut(from: MemberId, to: MemberId): void {
    this.#cut.add(`${from}->${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** @param keep it stays under way too: a duplicate. */
  deliver(message: Message, keep = false): void {
    if (!keep) this.#underWay = this.#underWay.filter((each) => each !== message);
    const target = this.#seats.get(message.to);
    const lost = this.#cut.has(`${message.from}->${message.to}`) || !target?.running;
    if (!this.quiet) this.tell(describeMessage(message) + (lost ? ' (lost)' : ''));
    if (!lost) this.act(message.to, ({ core }) => core.step(message));
  }

  drop(message: Message): void {
    this.#underWay = this.#underWay.filter((each) => each !== message);
    if (!this.quiet) this.tell(`${describeMessage(message)} (lost)`);
  }

  /** Oldest first, with what they lead to, until nothing is under way. */
  settle(): void {
    for (let count = 0; this.#underWay.length > 0; count++) {
      assert.ok(count < DELIVERIES_MAX, 'the members never come to rest');
      this.deliver(this.#underWay[0] as Message);
    }
  }

  /** What is not on disk is gone, and so is what it has under way. */
  crash(id: MemberId): void {
    const seat = this.#seat(id);
    assert.ok(seat.running, `${id} is down already`);
    seat.running = false;
    seat.stalled = false;
    seat.unwritten = undefined;
    seat.offered = undefined;
    this.#underWay = this.#underWay.filter(({ from }) => from !== id);
  }

  restart(id: MemberId): void {
    const seat = this.#seat(id);
    assert.ok(!seat.running, `${id} is up`);
    seat.member.restart();
    seat.running = true;
    seat.face = faceOf(seat.member);
    this.#drain(id, seat);
  }

  stall(id: MemberId): void {
    this.#seat(id).stalled = true;
  }

  unstall(id: MemberId): void {
    const seat = this.#seat(id);
    seat.stalled = false;
    if (seat.unwritten) this.#write(id, seat, seat.unwritten);
    seat.unwritten = undefined;
    this.#drain(id, seat);
  }

  /** The state machine has taken a snapshot at an applied index, and the log before it goes. */
  compact(id: MemberId, index: number): void {
    const { log, applied } = this.#seat(id).member;
    const entry = applied.find((each) => each.index === index);
    assert.ok(entry, `${id} has not applied ${index}`);
    const known = log
      .configurations()
      .filter((each) => each.index <= index)
      .at(-1);
    assert.ok(known, `${id} knows no configuration at ${index}`);
    const { term, timestampMs } = entry;
    const { index: configurationIndex, configuration } = known;
    log.compact({ index, term, timestampMs, configuration, configurationIndex });
  }

  /** The snapshot that it was told to fetch has come, or could not be fetched. */
  install(id: MemberId, fetched: boolean): void {
    const seat = this.#seat(id);
    const metadata = seat.offered;
    assert.ok(metadata, `${id} was offered no snapshot`);
    seat.offered = undefined;
    this.act(id, ({ core, log, applied }) => {
      if (!fetched) return core.snapshotFailed(metadata);
      if (!core.wantsSnapshot(metadata)) return this.tell(`${id} has no use for snapshot ${metadata.index}`);
      log.reset(metadata);
      applied.push(...this.#applied.slice(applied.length, metadata.index));
      return core.snapshotInstalled(metadata);
    });
  }

  #seat(id: MemberId): Seat {
    const seat = this.#seats.get(id);
    assert.ok(seat, `there is no member ${id}`);
    return seat;
  }

  /** The driver's duties, in order (core/types.ts). */
  #drain(id: MemberId, seat: Seat): void {
    this.#tellChange(id, seat);
    while (!seat.unwritten && seat.member.core.hasReady()) {
      const ready = seat.member.core.ready();
      this.#tellChange(id, seat);
      this.#underWay.push(...ready.messages);
      if (seat.stalled) seat.unwritten = ready;
      else this.#write(id, seat, ready);
    }
  }

  #write(id: MemberId, seat: Seat, ready: Ready): void {
    const { member } = seat;
    this.#tellEffects(describeWrite(id, member.hardState, ready, member.log.lastIndex()));
    member.write(ready);
    this.#underWay.push(...ready.messagesAfterPersist);
    const last = ready.entries.at(-1);
    if (last) member.core.persisted({ lastIndex: last.index, lastTerm: last.term });
    this.#tellChange(id, seat);
    for (const entry of ready.committed) this.#apply(member, entry);
    this.#tellEffects(describeOutcome(id, ready));
    seat.offered = ready.snapshotToFetch?.metadata ?? seat.offered;
  }

  #tellChange(id: MemberId, seat: Seat): void {
    const face = faceOf(seat.member);
    this.#tellEffects(describeChange(id, seat.face, face));
    seat.face = face;
  }

  /** State machine safety (Raft paper, Figure 3): the same entry at an index, everywhere, in order. */
  #apply(member: TestMember, entry: Entry): void {
    const known = this.#applied[entry.index - 1];
    if (known) assert.equal(describeEntry(entry), describeEntry(known), `${member.id} applies another entry`);
    else this.#applied[entry.index - 1] = entry;
    assert.equal(entry.index, member.applied.length + 1, `${member.id} applies out of order`);
    member.applied.push(entry);
  }

  /** Election safety (Raft paper, Figure 3). */
  #checkLeader(id: MemberId, { member }: Seat): void {
    const { role, term } = member.status;
    if (role !== 'leader') return;
    const known = this.#leaders.get(term) ?? id;
    assert.equal(known, id, `${known} and ${id} both lead term ${term}`);
    this.#leaders.set(term, id);
  }
}

function faceOf({ status }: TestMember): Face {
  const { role, leader, term, commitIndex, configuration } = status;
  return { role, leader, term, commitIndex, configuration };
}
