/** One core with its driver's duties, and a network of them, for tests that drive the core as a function. */
import assert from 'node:assert/strict';
import { EMPTY_CONFIGURATION } from '../membership.ts';
import { RaftCore } from '../raft.ts';
import type {
  AppendRequest,
  AppendResponse,
  Configuration,
  CoreOptions,
  Entry,
  HardState,
  MemberId,
  Message,
  Ready,
  SnapshotMetadata,
  VoteRequest,
} from '../types.ts';
import { MemoryLog, TEST_OPTIONS } from './memory-log.ts';

export interface MemberSetup {
  /** `a` unless said. */
  readonly id?: MemberId;
  /** a, b and c unless said; an empty list makes a blank member. */
  readonly voters?: readonly MemberId[];
  readonly configuration?: Partial<Configuration>;
  /** Terms of the stored entries behind the first one, which holds the configuration and is of term 1. */
  readonly terms?: readonly number[];
  /** That of the last entry unless said. */
  readonly term?: number;
  readonly votedFor?: MemberId;
  /** 1 unless said. */
  readonly commitIndex?: number;
  readonly options?: Partial<CoreOptions>;
}

/** What one or more Readies asked for, carried out. */
export interface Effects {
  readonly messages: Message[];
  readonly readies: Ready[];
  readonly committed: Entry[];
  readonly reads: { readonly requestId: number; readonly index: number }[];
  readonly aborted: number[];
}

export class TestMember {
  readonly id: MemberId;
  readonly log = new MemoryLog();
  readonly applied: Entry[] = [];
  hardState: HardState;
  core: RaftCore;
  readonly #options: CoreOptions;

  constructor(setup: MemberSetup = {}) {
    this.id = setup.id ?? 'a';
    this.#options = { ...TEST_OPTIONS, ...setup.options, id: this.id, seed: this.id.charCodeAt(0) };
    const voters = setup.voters ?? setup.configuration?.voters ?? ['a', 'b', 'c'];
    const terms = setup.terms ?? [];
    const blank = voters.length === 0;
    if (!blank) this.log.write([founding({ ...setup.configuration, voters }), ...entriesOf(terms, 2)]);
    this.hardState = {
      term: setup.term ?? terms.at(-1) ?? (blank ? 0 : 1),
      votedFor: setup.votedFor ?? '',
      commitIndex: setup.commitIndex ?? (blank ? 0 : 1),
    };
    this.core = this.#boot(this.hardState.commitIndex);
  }

  get status(): ReturnType<RaftCore['status']> {
    return this.core.status();
  }

  get terms(): (number | undefined)[] {
    const indexes = Array.from({ length: this.status.lastIndex }, (_, at) => at + 1);
    return indexes.map((index) => this.log.term(index));
  }

  /** A crash: only what is on disk is left. */
  restart(appliedIndex = this.applied.at(-1)?.index ?? this.log.snapshot()?.index ?? 0): void {
    this.core = this.#boot(appliedIndex);
  }

  #boot(appliedIndex: number): RaftCore {
    const configurations = this.log.configurations();
    return new RaftCore(this.#options, this.log, {
      hardState: this.hardState,
      configurations,
      appliedIndex,
    });
  }

  step(...messages: readonly Message[]): Effects {
    for (const message of messages) this.core.step(message);
    return this.drain();
  }

  tick(count = 1): Effects {
    const effects = noEffects();
    for (let tick = 0; tick < count; tick++) {
      this.core.tick();
      this.#drainInto(effects);
    }
    return effects;
  }

  /** Ticks until it campaigns; the pre-vote requests, or the vote requests of an only voter. */
  timeOut(): Effects {
    for (let tick = 0; tick < 2 * this.#options.electionTicks; tick++) {
      this.core.tick();
      if (this.status.role !== 'follower') break;
    }
    return this.drain();
  }

  /** Every other voter agrees; as the leader that it is then, it has sent its first entry. */
  lead(): Effects {
    const { voters, votersOutgoing } = this.status.configuration;
    const others = [...new Set([...voters, ...votersOutgoing])].filter((id) => id !== this.id);
    const term = this.status.term + 1;
    this.core.campaign();
    this.drain();
    for (const from of others)
      this.core.step({ kind: 'preVoteResponse', from, to: this.id, term, granted: true });
    this.drain();
    for (const from of others)
      this.core.step({ kind: 'voteResponse', from, to: this.id, term, granted: true });
    const effects = this.drain();
    assert.equal(this.status.role, 'leader');
    assert.equal(this.status.term, term);
    return effects;
  }

  /** Leads, and the others have acknowledged the first entry of its term. */
  leadCommitted(): void {
    this.lead();
    for (const { id } of this.status.members) this.core.step(this.ack(id));
    this.drain();
    assert.equal(this.status.commitIndex, this.status.lastIndex);
  }

  propose(...texts: readonly string[]): Effects {
    const payloads = texts.map((text) => ({ kind: 'command', data: bytes(text) }) as const);
    for (const result of this.core.propose(payloads, 1_000)) assert.ok(result.ok);
    return this.drain();
  }

  /** `from` has all up to index, the last one unless said. */
  ack(from: MemberId, index = this.status.lastIndex, round = 1): AppendResponse {
    return appendResponse({ from, to: this.id, term: this.status.term, index, round });
  }

  /** The driver's duties, in order. */
  drain(): Effects {
    const effects = noEffects();
    this.#drainInto(effects);
    return effects;
  }

  #drainInto(effects: Effects): void {
    for (let turns = 0; this.core.hasReady(); turns++) {
      assert.ok(turns < 100, 'the core never comes to rest');
      const ready = this.core.ready();
      effects.readies.push(ready);
      effects.messages.push(...ready.messages);
      this.write(ready);
      effects.messages.push(...ready.messagesAfterPersist);
      const last = ready.entries.at(-1);
      if (last) this.core.persisted({ lastIndex: last.index, lastTerm: last.term });
      this.applied.push(...ready.committed);
      effects.committed.push(...ready.committed);
      effects.reads.push(...ready.readStates);
      effects.aborted.push(...ready.readsAborted);
    }
  }

  write({ hardState, entries }: Ready): void {
    if (hardState) this.hardState = hardState;
    this.log.write(entries);
  }

  /** As the driver does once it has fetched it. */
  install(metadata: SnapshotMetadata): Effects {
    assert.ok(this.core.wantsSnapshot(metadata));
    this.log.reset(metadata);
    this.core.snapshotInstalled(metadata);
    return this.drain();
  }
}

function noEffects(): Effects {
  return { messages: [], readies: [], committed: [], reads: [], aborted: [] };
}

/** Members that hear each other, until a test cuts them off. */
export class TestNetwork {
  readonly members = new Map<MemberId, TestMember>();
  /** Messages that it returns false for are lost. */
  passes: (message: Message) => boolean = () => true;
  readonly #queue: Message[] = [];

  constructor(...members: readonly TestMember[]) {
    for (const member of members) this.members.set(member.id, member);
  }

  at(id: MemberId): TestMember {
    const member = this.members.get(id);
    assert.ok(member, `no member ${id}`);
    return member;
  }

  cutOff(...ids: readonly MemberId[]): void {
    this.passes = ({ from, to }) => !ids.includes(from) && !ids.includes(to);
  }

  /** Takes what the members owe and delivers it, in order, until nothing is under way. */
  settle(): void {
    for (const member of this.members.values()) this.#queue.push(...member.drain().messages);
    for (let steps = 0; this.#queue.length > 0; steps++) {
      assert.ok(steps < 10_000, 'the members never come to rest');
      const message = this.#queue.shift() as Message;
      const target = this.members.get(message.to);
      if (target && this.passes(message)) this.#queue.push(...target.step(message).messages);
    }
  }

  tick(count = 1): void {
    for (let tick = 0; tick < count; tick++) {
      for (const member of this.members.values()) member.core.tick();
      this.settle();
    }
  }

  elect(id: MemberId): TestMember {
    const member = this.at(id);
    member.core.campaign();
    this.settle();
    assert.equal(member.status.role, 'leader');
    return member;
  }
}

export function ofKind<K extends Message['kind']>(
  messages: readonly Message[],
  kind: K,
): Extract<Message, { kind: K }>[] {
  return messages.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind);
}

/** The only one of its kind. */
export function only<K extends Message['kind']>(
  messages: readonly Message[],
  kind: K,
): Extract<Message, { kind: K }> {
  const [found, ...others] = ofKind(messages, kind);
  assert.ok(found && others.length === 0, `${others.length + (found ? 1 : 0)} messages of kind ${kind}`);
  return found;
}

export function appendRequest(parts: Partial<AppendRequest>): AppendRequest {
  return {
    kind: 'appendRequest',
    from: 'b',
    to: 'a',
    term: 1,
    prevIndex: 1,
    prevTerm: 1,
    entries: [],
    commitIndex: 1,
    round: 1,
    ...parts,
  };
}

export function appendResponse(parts: Partial<AppendResponse>): AppendResponse {
  return {
    kind: 'appendResponse',
    from: 'b',
    to: 'a',
    term: 1,
    rejected: false,
    index: 0,
    hintIndex: 0,
    hintTerm: 0,
    round: 1,
    ...parts,
  };
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function entry(index: number, term: number, text = `${term}.${index}`): Entry {
  return { index, term, timestampMs: term * 100 + index, payload: { kind: 'command', data: bytes(text) } };
}

export function configurationEntry(index: number, term: number, parts: Partial<Configuration>): Entry {
  const configuration = { ...EMPTY_CONFIGURATION, ...parts };
  return { index, term, timestampMs: term * 100 + index, payload: { kind: 'configuration', configuration } };
}

export function entriesOf(terms: readonly number[], from: number): Entry[] {
  return terms.map((term, at) => entry(from + at, term));
}

export function founding(configuration: Partial<Configuration>): Entry {
  return configurationEntry(1, 1, configuration);
}

/** What of that output is an append to this member. */
export function appendsTo(id: string, { messages }: Effects): AppendRequest[] {
  return ofKind(messages, 'appendRequest').filter(({ to }) => to === id);
}

/** What a leader knows of a member. @throws AssertionError if it knows none of that id */
export function progressOf(member: TestMember, id: string) {
  const progress = member.status.members.find((each) => each.id === id);
  assert.ok(progress);
  return progress;
}

/** The member takes in that another has answered its heartbeat. */
export function heartbeatAnswer(member: TestMember, from: string, round = 1): Effects {
  return member.step({ kind: 'heartbeatResponse', from, to: member.id, term: member.status.term, round });
}

/** From b to a, in term 2. */
export function voteRequest(parts: Partial<VoteRequest>): VoteRequest {
  return {
    kind: 'voteRequest',
    from: 'b',
    to: 'a',
    term: 2,
    lastIndex: 1,
    lastTerm: 1,
    transfer: false,
    ...parts,
  };
}
