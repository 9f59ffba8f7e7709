/** What the disks hold and what is committed: log matching, leader completeness, the commit rule (Raft paper §5). */
import { isDeepStrictEqual } from 'node:util';
import type {
  Configuration,
  Entry,
  MemberId,
  SnapshotMetadata,
} from '../../../services/raft-sidecar/src/core/types.ts';
import { BLANK_LOG, type LogImage, lastIndexOf, termAt } from '../cluster/disk.ts';
import { isQuorum } from './quorums.ts';
import type { Violations } from './violations.ts';

interface Known {
  readonly entry: Entry;
  readonly termBefore: number;
  /** Who has ever had it on disk. */
  readonly holders: Set<MemberId>;
}

/** Terms stay far below. */
const TERMS = 1_000_000;

export class LogOracle {
  readonly #violations: Violations;
  /** By index and term: there is one such entry, everywhere and for ever. */
  readonly #known = new Map<number, Known>();
  /** By index; the first is at 1. */
  readonly #committed: Entry[] = [];
  /** The term in which each of them became so: that of a leader, which may be later than the entry's own. */
  readonly #committedIn: number[] = [];
  readonly #images = new Map<MemberId, LogImage>();

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  get committedIndex(): number {
    return this.#committed.length;
  }

  committedTerm(index: number): number | undefined {
    return this.#committed[index - 1]?.term;
  }

  imageOf(member: MemberId): LogImage {
    return this.#images.get(member) ?? BLANK_LOG;
  }

  /** That is on the member's disk from now on. @returns the entries that are new there. */
  synced(member: MemberId, image: LogImage): readonly Entry[] {
    const before = this.imageOf(member);
    this.#images.set(member, image);
    if (image.entries === before.entries && image.snapshot === before.snapshot) return [];
    if (image.snapshot && image.snapshot !== before.snapshot)
      this.#checkSnapshot(member, image.snapshot, before, image);
    const fresh = freshEntries(before.entries, image.entries);
    for (const entry of fresh) this.#check(member, entry, image);
    this.#checkNothingCommittedLost(member, before, image);
    this.#violations.expect(
      image.start.index <= (image.snapshot?.index ?? 0),
      'snapshots',
      () => `the log of ${member} begins behind ${image.start.index}, which no snapshot holds`,
    );
    return fresh;
  }

  /** Of another history: the index and the term say which. */
  hasEntry(member: MemberId, index: number, term: number): boolean {
    return termAt(this.imageOf(member), index) === term;
  }

  /**
   * Handed out by that member in that term.
   * @returns true if it is the first to do so.
   */
  committed(member: MemberId, term: number, entry: Entry): boolean {
    const known = this.#committed[entry.index - 1];
    if (known) {
      this.#violations.expect(
        known.term === entry.term && same(known, entry),
        'state machine safety',
        () => `${member} commits ${tell(entry)}, others ${tell(known)}`,
      );
      return false;
    }
    this.#violations.expect(
      entry.index === this.#committed.length + 1,
      'state machine safety',
      () =>
        `${member} commits ${tell(entry)} first, but nobody committed entry ${this.#committed.length + 1}`,
    );
    this.#committed.push(entry);
    this.#committedIn.push(term);
    return true;
  }

  /** A leader commits by counting only what it appended itself, once a quorum has it on disk (§5.4.2). */
  checkCommitRule(
    leader: MemberId,
    term: number,
    index: number,
    configurations: readonly Configuration[],
  ): void {
    const known = this.#known.get(index * TERMS + term);
    if (!known) {
      const text = `leader ${leader} of term ${term} commits up to entry ${index}, of which no disk has one of its term`;
      this.#violations.report('commit rule', text);
      return;
    }
    const onQuorum = configurations.some((one) => isQuorum(one, (id) => known.holders.has(id)));
    this.#violations.expect(onQuorum, 'commit rule', () => {
      const voters = JSON.stringify(configurations.at(-1)?.voters);
      return `leader ${leader} commits ${tell(known.entry)}, which only ${[...known.holders].join(', ')} of ${voters} have on disk`;
    });
  }

  /** Whoever leads has all that was committed in earlier terms (§5.4.3). */
  checkCompleteness(leader: MemberId, term: number): void {
    const first = Math.max(1, this.imageOf(leader).start.index);
    for (let index = first; index <= this.#committed.length; index++)
      this.checkHasCommitted(leader, term, index);
  }

  /** What a later leader commits, one that is deposed and does not know it may lack. */
  checkHasCommitted(leader: MemberId, term: number, index: number): void {
    const image = this.imageOf(leader);
    const entry = this.#committed[index - 1];
    const committedIn = this.#committedIn[index - 1] ?? term;
    if (!entry || committedIn >= term || index < image.start.index) return;
    this.#violations.expect(
      termAt(image, entry.index) === entry.term,
      'leader completeness',
      () => `leader ${leader} of term ${term} lacks ${tell(entry)}, which is committed`,
    );
  }

  /** An entry is known by index and term, and by them everything before it (§5.3). */
  #check(member: MemberId, entry: Entry, image: LogImage): void {
    const key = entry.index * TERMS + entry.term;
    const termBefore = termAt(image, entry.index - 1);
    const known = this.#known.get(key);
    if (termBefore === undefined) {
      this.#violations.report('log matching', `${member} stores ${tell(entry)} behind a gap`);
      return;
    }
    if (!known) {
      this.#known.set(key, { entry, termBefore, holders: new Set([member]) });
    } else {
      known.holders.add(member);
      const matches = known.termBefore === termBefore && same(known.entry, entry);
      this.#violations.expect(
        matches,
        'log matching',
        () =>
          `${member} stores ${tell(entry)} behind term ${termBefore}; others have ${tell(known.entry)} behind term ${known.termBefore}`,
      );
    }
    const before = image.entries[entry.index - image.start.index - 2];
    this.#violations.expect(
      !before || (before.term <= entry.term && before.timestampMs <= entry.timestampMs),
      'log time',
      () => `${member} stores ${tell(entry)}, whose term or time is before that of the entry before`,
    );
  }

  #checkNothingCommittedLost(member: MemberId, before: LogImage, now: LogImage): void {
    const last = Math.min(this.#committed.length, lastIndexOf(before));
    for (let index = last; index > before.start.index; index--) {
      const { term } = this.#committed[index - 1] as Entry;
      if (termAt(before, index) !== term) continue;
      // Beyond here nothing changed either.
      if (before.entries[index - before.start.index - 1] === now.entries[index - now.start.index - 1]) return;
      this.#violations.expect(
        termAt(now, index) === term || index <= now.start.index,
        'leader completeness',
        () => `${member} drops entry ${index} of term ${term}, which is committed`,
      );
    }
  }

  /** It is of what is committed, and says who voted there; and a log that holds its last entry does not give way to it. */
  #checkSnapshot(member: MemberId, snapshot: SnapshotMetadata, before: LogImage, now: LogImage): void {
    const { index, term, configuration, configurationIndex } = snapshot;
    const inForce = this.#committed.findLast(
      (entry) => entry.index <= index && entry.payload.kind === 'configuration',
    );
    const known = inForce?.payload.kind === 'configuration' ? inForce.payload.configuration : undefined;
    this.#violations.expect(
      this.committedTerm(index) === term &&
        inForce?.index === configurationIndex &&
        isDeepStrictEqual(known, configuration),
      'snapshots',
      () =>
        `${member} has a snapshot ${JSON.stringify(snapshot)}; in force there was ${JSON.stringify(inForce)}`,
    );
    this.#violations.expect(
      now.start.index === before.start.index || termAt(before, index) !== term,
      'snapshots',
      () =>
        `the log of ${member}, up to ${lastIndexOf(before)}, gives way to a snapshot at ${index} that it holds`,
    );
  }
}

function freshEntries(before: readonly Entry[], now: readonly Entry[]): readonly Entry[] {
  const offset = (before[0]?.index ?? 0) - (now[0]?.index ?? 0);
  let at = now.length;
  while (at > 0 && now[at - 1] !== before[at - 1 - offset]) at -= 1;
  return now.slice(at);
}

function same(left: Entry, right: Entry): boolean {
  return left === right || isDeepStrictEqual(left, right);
}

export function tell({ index, term, payload }: Entry): string {
  const content =
    payload.kind === 'configuration'
      ? JSON.stringify(payload.configuration)
      : 'data' in payload
        ? Buffer.from(payload.data).toString()
        : '';
  return `entry ${index} of term ${term} (${payload.kind} ${content})`;
}
