/** What operators ask of the leader, and what a stopping leader does for the others. */
import { remainingMs } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';
import { isJoint } from '../core/membership.ts';
import type { CoreStatus } from '../core/raft.ts';
import type { Configuration, MemberId, MembershipChange } from '../core/types.ts';
import type { Driver, Leadership } from './driver.ts';
import { refusalError } from './refusals.ts';
import type { StateWatch } from './state-watch.ts';

export class Operations {
  readonly #driver: Driver;
  readonly #watch: StateWatch;

  constructor(driver: Driver, watch: StateWatch) {
    this.#driver = driver;
    this.#watch = watch;
  }

  /** Answers when the configuration that it leads to is committed. @throws ServiceError */
  async changeMembership(changes: readonly MembershipChange[], deadlineAtMs: number): Promise<Configuration> {
    const driver = this.#driver;
    const result = await driver.proposeMembership(changes);
    if (!result.ok) throw refusalError(result.refusal);
    const committed = (): Configuration | undefined =>
      driver.commitIndex >= result.index && !isJoint(driver.committedConfiguration)
        ? driver.committedConfiguration
        : undefined;
    return this.#watch.until(committed, remainingMs(deadlineAtMs), 'the commit of the new configuration');
  }

  /** @param target by default the voter whose log is the most advanced. */
  async transferLeadership(target: MemberId | undefined, deadlineAtMs: number): Promise<Leadership> {
    const driver = this.#driver;
    const successor = target ?? successorOf(this.#driver.status());
    if (successor === undefined) throw new ServiceError('unprocessable', 'there is no other voter');
    if (!(await driver.transferLeadership(successor)))
      throw new ServiceError('unprocessable', `${successor} is no other voter of this cluster`);
    const handedOver = (): Leadership | undefined =>
      driver.leadership.leader !== '' && !driver.isLeader ? driver.leadership : undefined;
    return this.#watch.until(handedOver, remainingMs(deadlineAtMs), 'the handing over of leadership');
  }
}

/** Of the other voters the most advanced one; whoever was heard lately comes first, but a new leader may have heard none. */
export function successorOf({
  members,
  configuration,
}: Pick<CoreStatus, 'members' | 'configuration'>): MemberId | undefined {
  const [first] = members
    .filter(({ id }) => configuration.voters.includes(id))
    .sort((a, b) => Number(b.recentlyActive) - Number(a.recentlyActive) || b.matchIndex - a.matchIndex);
  return first?.id;
}
