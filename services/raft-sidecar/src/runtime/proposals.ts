/** Where a command goes: into the own log on the leader, to the leader's peer port elsewhere. Never tried twice here. */
import { remainingMs } from '@agenda/service-kit/deadline';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { MemberId } from '../core/types.ts';
import type { Driver } from './driver.ts';
import { noLeader, refusalError } from './refusals.ts';

export const COMMAND_BYTES_MAX = 1024 * 1024;

/** Where a leader appended a command. */
export interface Position {
  readonly index: number;
  readonly term: number;
}

export interface LeaderClient {
  forward(leader: MemberId, command: Uint8Array, deadlineMs: number): Promise<Position>;
  readIndex(leader: MemberId, deadlineMs: number): Promise<number>;
}

export class Proposals {
  readonly #driver: Driver;
  readonly #leaderClient: LeaderClient;

  constructor(driver: Driver, leaderClient: LeaderClient) {
    this.#driver = driver;
    this.#leaderClient = leaderClient;
  }

  /** @throws ServiceError as raft.v1.Sidecar/Propose says. */
  propose(command: Uint8Array, deadlineAtMs: number): Promise<Position> {
    const { leader } = this.#driver.leadership;
    if (this.#driver.isLeader) return this.append(command);
    if (leader === '') return Promise.reject(noLeader('no leader is known at the moment'));
    assertSize(command);
    return this.#forward(leader, command, deadlineAtMs);
  }

  /** On the leader only: what was forwarded is not forwarded again. */
  append(command: Uint8Array): Promise<Position> {
    assertSize(command);
    return new Promise((resolve, reject) => {
      const { waitingFor } = this.#driver.formation;
      if (this.#driver.isLeader && waitingFor !== '') {
        reject(noLeader(`no changes are taken yet; waiting for ${waitingFor}`));
        return;
      }
      this.#driver.propose(
        { kind: 'command', data: command },
        {
          done: (index, term) => resolve({ index, term }),
          refused: (refusal) => reject(refusalError(refusal)),
        },
      );
    });
  }

  async #forward(leader: MemberId, command: Uint8Array, deadlineAtMs: number): Promise<Position> {
    try {
      return await this.#leaderClient.forward(leader, command, remainingMs(deadlineAtMs));
    } catch (error) {
      throw asLeaderFailure(toServiceError(error));
    }
  }
}

function assertSize(command: Uint8Array): void {
  if (command.length > COMMAND_BYTES_MAX)
    throw new ServiceError(
      'payload_too_large',
      `a command of ${command.length} bytes; at most ${COMMAND_BYTES_MAX} are taken`,
    );
}

/** What never left this node had no effect. */
export function asLeaderFailure(error: ServiceError): ServiceError {
  if (error.code === 'unavailable' && error.nothingDone)
    return noLeader(`the leader cannot be reached: ${error.message}`);
  return error;
}
