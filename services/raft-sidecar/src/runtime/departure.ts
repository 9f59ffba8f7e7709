/**
 * How a node leaves that is told to stop: it hands leadership over, and steps back from voting where more than three
 * vote. Nobody knows at that moment whether it will be started again (a rolling restart) or never (scaling down); as a
 * learner it holds up no majority either way, and is promoted as soon as it is back (docs/adr/0010).
 */
import type { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { MemberChange_Kind } from '@agenda/proto/raft/v1/sidecar';
import { deadlineAt, remainingMs } from '@agenda/service-kit/deadline';
import { toServiceError } from '@agenda/service-kit/errors';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MemberId } from '../core/types.ts';
import type { Driver } from './driver.ts';
import { VOTERS_MIN } from './membership-policy.ts';
import type { Operations } from './operations.ts';

const HANDOVER_MS_MAX = 2_000;
/** A successor wins at once, or after a lost vote. */
const HANDOVER_ELECTIONS = 2;
/** Others may step back at the same time, and one change is made after the other. */
const STEP_BACK_MS_MAX = 2_500;
const RETRY_MS = 50;
/** Together. */
export const DEPARTURE_MS_MAX = HANDOVER_MS_MAX + STEP_BACK_MS_MAX;

export interface DepartureOptions {
  readonly driver: Driver;
  readonly operations: Operations;
  readonly electionTimeoutMs: number;
  readonly sidecarOf: (member: MemberId) => Pick<UnaryClient<typeof SidecarService>, 'changeMembership'>;
  readonly logger: Logger;
}

export class Departure {
  readonly #options: DepartureOptions;

  constructor(options: DepartureOptions) {
    this.#options = options;
  }

  /** Never rejects: a node that cannot leave in order stops all the same. */
  async leave(): Promise<void> {
    if (this.#options.driver.stopped) return;
    await this.#handOver();
    await this.#stepBack();
  }

  async #handOver(): Promise<void> {
    const { driver, operations, electionTimeoutMs, logger } = this.#options;
    if (!driver.isLeader || driver.committedConfiguration.voters.length < 2) return;
    const waitMs = Math.min(HANDOVER_MS_MAX, HANDOVER_ELECTIONS * electionTimeoutMs);
    try {
      const { leader } = await operations.transferLeadership(undefined, deadlineAt(waitMs));
      logger.info({ leader }, 'leadership is handed over');
    } catch (error) {
      logger.warn({ reason: toServiceError(error).message }, 'leadership could not be handed over');
    }
  }

  async #stepBack(): Promise<void> {
    const { logger } = this.#options;
    const deadlineAtMs = deadlineAt(STEP_BACK_MS_MAX);
    let reason = 'no leader is known';
    while (this.#mayStepBack()) {
      const leftMs = remainingMs(deadlineAtMs);
      if (leftMs <= RETRY_MS) {
        logger.warn({ reason }, 'this node stops as a voter');
        return;
      }
      try {
        if (await this.#askToStepBack(leftMs))
          return logger.info('this node votes no more until it is started again');
      } catch (error) {
        reason = toServiceError(error).message;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #mayStepBack(): boolean {
    const { driver } = this.#options;
    const { voters } = driver.committedConfiguration;
    return !driver.stopped && voters.length > VOTERS_MIN && voters.includes(driver.memberId);
  }

  /** @returns false if there is nobody to ask. @throws ServiceError if the leader cannot do it now. */
  async #askToStepBack(deadlineMs: number): Promise<boolean> {
    const { driver, sidecarOf } = this.#options;
    const { leader } = driver.leadership;
    if (leader === '' || leader === driver.memberId) return false;
    const change = { kind: MemberChange_Kind.KIND_ADD_LEARNER, memberId: driver.memberId };
    await sidecarOf(leader).changeMembership({ changes: [change] }, { deadlineMs });
    return true;
  }
}
