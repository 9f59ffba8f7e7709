/** All checks, and what they are told. */
import type { CoreStatus } from '../../../services/raft-sidecar/src/core/raft.ts';
import type { Entry, MemberId, Message } from '../../../services/raft-sidecar/src/core/types.ts';
import type { LogImage } from '../cluster/disk.ts';
import type { Applied, ListMachine } from '../cluster/list-machine.ts';
import { LeaderOracle } from './leaders.ts';
import { LogOracle } from './logs.ts';
import { PromiseOracle } from './promises.ts';
import { Violations } from './violations.ts';

export class Oracle {
  readonly violations = new Violations();
  readonly logs = new LogOracle(this.violations);
  readonly #promises = new PromiseOracle(this.violations);
  readonly leaders: LeaderOracle;
  /** By applied index: the state must be the same wherever that was applied. */
  readonly #digests = new Map<number, number>();
  /** By command id: where it took effect. */
  readonly #effects = new Map<string, number>();

  /** @param keeper the membership is changed by the keeper alone. */
  constructor(keeper: boolean) {
    this.leaders = new LeaderOracle(this.violations, this.logs, this.#promises, keeper);
  }

  sends(message: Message): void {
    this.#promises.sends(message, this.logs.imageOf(message.from));
  }

  /** @param status the core's at that moment; undefined where no process runs. */
  synced(member: MemberId, image: LogImage, status: CoreStatus | undefined): void {
    const fresh = this.logs.synced(member, image);
    this.#promises.stored(member, image);
    if (status) this.leaders.synced(member, fresh, image, status);
  }

  stepped(member: MemberId, status: CoreStatus, nowUs: number): void {
    this.leaders.stepped(member, status, nowUs);
  }

  stopped(member: MemberId): void {
    this.leaders.stopped(member);
  }

  /** Handed out by that member in that term. */
  committed(member: MemberId, term: number, entry: Entry): void {
    if (!this.logs.committed(member, term, entry)) return;
    for (const [leader, leads] of this.leaders.leading())
      this.logs.checkHasCommitted(leader, leads, entry.index);
  }

  applied(member: MemberId, machine: ListMachine, applied: Applied | undefined): void {
    const { appliedIndex, appliedTerm } = machine;
    this.violations.expect(
      this.logs.committedTerm(appliedIndex) === appliedTerm,
      'state machine safety',
      () => `${member} applied entry ${appliedIndex} of term ${appliedTerm}, which is not committed`,
    );
    this.#compareDigest(member, machine);
    if (!applied || applied.repeated) return;
    const before = this.#effects.get(applied.id);
    this.violations.expect(
      before === undefined || before === appliedIndex,
      'exactly once',
      () => `command ${applied.id} took effect at entry ${before} and at entry ${appliedIndex}`,
    );
    this.#effects.set(applied.id, appliedIndex);
  }

  /** A read may be answered at that index; so much was committed when it came (thesis §6.4). */
  readAt(index: number, committedBefore: number): void {
    this.violations.expect(
      index >= committedBefore,
      'read index',
      () => `a read is to be answered at ${index}, but ${committedBefore} was committed before it came`,
    );
  }

  /** The machine is another one now: it came out of a snapshot or off a disk. */
  restored(member: MemberId, machine: ListMachine): void {
    if (machine.appliedIndex > 0) this.#compareDigest(member, machine);
  }

  #compareDigest(member: MemberId, { appliedIndex, digest }: ListMachine): void {
    const known = this.#digests.get(appliedIndex);
    this.violations.expect(
      known === undefined || known === digest,
      'state machine safety',
      () => `the state of ${member} after entry ${appliedIndex} is another than elsewhere`,
    );
    this.#digests.set(appliedIndex, digest);
  }
}
