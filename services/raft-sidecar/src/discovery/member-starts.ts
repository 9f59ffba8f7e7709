/**
 * Which process speaks for each member. A member is one disk, but two processes may come with its id: a cloned volume,
 * or one that was restored from a copy. The elder stays for as long as it lives, so that two never take turns; a younger
 * one is heard once the elder is silent or certainly ended, and only if its disk knows all that the member has promised
 * here (docs/adr/0008).
 */
import type { MemberId } from '../core/types.ts';
import type { Clock } from '../runtime/ports.ts';
import type { StartTable } from './start-table.ts';

/** The elder is given up for dead after so long a silence. Longer than a round of gossip takes to reach everybody. */
export const SILENCE_MS = 3_000;
/** At the bound the one that was admitted first is forgotten. */
export const MEMBERS_MAX = 256;

export interface Start {
  /** Grows with each start of a disk. */
  readonly incarnation: number;
  /** The one before, as the disk remembers it; 0: none. */
  readonly previousIncarnation: number;
  /** All processes from this incarnation on certainly ended before the next began. */
  readonly sameDiskSince: number;
  /** What was on the disk when the process began. */
  readonly term: number;
  readonly votedFor: MemberId;
  readonly lastIndex: number;
}

export type StartVerdict =
  /** It is the one that is heard, from now on at the latest. */
  | 'admitted'
  /** The elder lives: the younger one waits. */
  | 'twin'
  /** A younger process took over: this one must never speak again. */
  | 'superseded'
  /** Its disk is an old copy: it must never speak again. */
  | 'stale';

/** The latest thing that a member promised to this node. */
export interface Promised {
  readonly term: number;
  /** Acknowledged in that term; 0: nothing. */
  readonly lastIndex: number;
  /** Voted in that term for this node. */
  readonly votedHere: boolean;
}

export interface StoredStart extends Promised {
  readonly memberId: MemberId;
  readonly incarnation: number;
}

interface Known {
  incarnation: number;
  /** Undefined: not since this process began. */
  aliveAtMs: number | undefined;
  promised: Promised;
}

const NOTHING: Promised = { term: 0, lastIndex: 0, votedHere: false };

export class MemberStarts {
  readonly #self: MemberId;
  readonly #table: Pick<StartTable, 'load' | 'replaceAll'>;
  readonly #clock: Clock;
  readonly #known = new Map<MemberId, Known>();

  constructor(self: MemberId, table: Pick<StartTable, 'load' | 'replaceAll'>, clock: Clock) {
    this.#self = self;
    this.#table = table;
    this.#clock = clock;
    for (const { memberId, incarnation, term, lastIndex, votedHere } of table.load())
      this.#known.set(memberId, {
        incarnation,
        aliveAtMs: undefined,
        promised: { term, lastIndex, votedHere },
      });
  }

  /** @param ageMs how long ago it spoke. */
  admit(member: MemberId, start: Start, ageMs: number): StartVerdict {
    const aliveAtMs = this.#clock.monotonicMs() - ageMs;
    const known = this.#known.get(member);
    if (!known) {
      this.#makeRoom();
      this.#known.set(member, { incarnation: start.incarnation, aliveAtMs, promised: NOTHING });
      return 'admitted';
    }
    const verdict = this.#judge(known, start);
    if (verdict !== 'admitted') return verdict;
    const fresher = start.incarnation > known.incarnation || aliveAtMs > (known.aliveAtMs ?? 0);
    known.incarnation = start.incarnation;
    if (fresher) known.aliveAtMs = aliveAtMs;
    return verdict;
  }

  /** Messages of that process arrive. @returns false if another one took its place. */
  heard(member: MemberId, incarnation: number): boolean {
    const known = this.#known.get(member);
    if (known?.incarnation !== incarnation) return false;
    known.aliveAtMs = this.#clock.monotonicMs();
    return true;
  }

  /** Only the latest counts: what was promised in an earlier term may have been replaced since. */
  promised(member: MemberId, term: number, lastIndex: number, votedHere: boolean): void {
    const known = this.#known.get(member);
    if (!known || term < known.promised.term) return;
    const before = known.promised.term === term ? known.promised : NOTHING;
    known.promised = {
      term,
      lastIndex: Math.max(before.lastIndex, lastIndex),
      votedHere: before.votedHere || votedHere,
    };
  }

  store(): void {
    this.#table.replaceAll(
      [...this.#known].map(([memberId, { incarnation, promised }]) => ({
        memberId,
        incarnation,
        ...promised,
      })),
    );
  }

  #judge(known: Known, start: Start): StartVerdict {
    if (start.incarnation === known.incarnation) return 'admitted';
    if (start.incarnation < known.incarnation) return 'superseded';
    // The start that is known here never happened on that disk.
    if (start.previousIncarnation < known.incarnation) return 'stale';
    if (known.incarnation < start.sameDiskSince && this.#lives(known)) return 'twin';
    return this.#forgot(known.promised, start) ? 'stale' : 'admitted';
  }

  #lives({ aliveAtMs }: Known): boolean {
    return aliveAtMs !== undefined && this.#clock.monotonicMs() - aliveAtMs < SILENCE_MS;
  }

  /** A later term on the disk may have replaced what was acknowledged before, and rightly. */
  #forgot({ term, lastIndex, votedHere }: Promised, start: Start): boolean {
    if (start.term !== term) return start.term < term;
    return start.lastIndex < lastIndex || (votedHere && start.votedFor !== this.#self);
  }

  #makeRoom(): void {
    if (this.#known.size < MEMBERS_MAX) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest as MemberId);
  }
}
