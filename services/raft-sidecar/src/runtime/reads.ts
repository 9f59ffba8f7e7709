/** Read indexes (thesis §6.4): the leader's core confirms them, followers ask the leader. */
import { withDeadline } from '@agenda/service-kit/deadline';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { MemberId } from '../core/types.ts';
import type { Driver } from './driver.ts';
import { asLeaderFailure, type LeaderClient } from './proposals.ts';
import { noLeader, refusalError } from './refusals.ts';

/** How long a question to the leader may take; those who share it may have less. */
const ASK_LEADER_MS = 2_000;

interface Question {
  readonly leader: MemberId;
  readonly answer: Promise<number>;
  readonly abort: (error: ServiceError) => void;
}

export class Reads {
  readonly #driver: Driver;
  readonly #leaderClient: LeaderClient;
  #underWay: Question | undefined;
  #next: Promise<number> | undefined;

  constructor(driver: Driver, leaderClient: LeaderClient) {
    this.#driver = driver;
    this.#leaderClient = leaderClient;
    driver.onLeadership(({ leader }) => {
      if (this.#underWay && this.#underWay.leader !== leader)
        this.#underWay.abort(noLeader('the leader changed meanwhile'));
    });
  }

  /** @throws ServiceError `no_leader`, `overloaded` or `timeout`; a retry is always safe. */
  readIndex(deadlineAtMs: number): Promise<number> {
    if (this.#driver.isLeader) return this.confirm(deadlineAtMs);
    return withDeadline(this.#askShared(), deadlineAtMs, timedOut);
  }

  /** On the leader only: a follower's question is not passed on. */
  confirm(deadlineAtMs: number): Promise<number> {
    const confirmed = new Promise<number>((resolve, reject) => {
      this.#driver.readIndex({ done: resolve, refused: (refusal) => reject(refusalError(refusal)) });
    });
    return withDeadline(confirmed, deadlineAtMs, timedOut);
  }

  /** One question under way and one next: what was under way before a read came proves nothing for it. */
  #askShared(): Promise<number> {
    if (!this.#underWay) return this.#ask();
    if (!this.#next) {
      const askNext = (): Promise<number> => {
        this.#next = undefined;
        return this.#ask();
      };
      this.#next = this.#underWay.answer.then(askNext, askNext);
    }
    return this.#next;
  }

  #ask(): Promise<number> {
    const { leader } = this.#driver.leadership;
    if (leader === '') return Promise.reject(noLeader('no leader is known at the moment'));
    if (this.#driver.isLeader) return this.confirm(performance.now() + ASK_LEADER_MS);
    const { promise: answer, resolve, reject } = Promise.withResolvers<number>();
    const question: Question = { leader, answer, abort: reject };
    const over = (): void => {
      if (this.#underWay === question) this.#underWay = undefined;
    };
    answer.then(over, over);
    this.#underWay = question;
    this.#leaderClient
      .readIndex(leader, ASK_LEADER_MS)
      .then(resolve, (error) => reject(asLeaderFailure(toServiceError(error))));
    return answer;
  }
}

function timedOut(): ServiceError {
  return new ServiceError('timeout', 'the leader could not confirm the read in time; try again');
}
