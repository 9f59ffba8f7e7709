/** Says to whoever speaks for a member whether it may, and takes care of what others say to this process about that. */
import type { Opening } from '@agenda/proto/raft/v1/peer';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import type { MemberId } from '../core/types.ts';
import type { Alarms } from '../runtime/alarms.ts';
import type { Clock } from '../runtime/ports.ts';
import { isAddress } from '../transport/addresses.ts';
import { type MemberStarts, SILENCE_MS, type Start, type StartVerdict } from './member-starts.ts';
import { startFromWire } from './node-messages.ts';
import type { PeerReport, PeerStore } from './peer-store.ts';
import type { Probation } from './probation.ts';

/** Without another sign of the twin for so long, the alarm is over. */
const ALARM_MS = 10_000;

export interface AdmissionsOptions {
  readonly self: MemberId;
  readonly start: Start;
  readonly starts: MemberStarts;
  readonly peers: PeerStore;
  readonly probation: Probation;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly logger: Logger;
  /** This process must end, and its member id with it. */
  readonly fence: (reason: string) => void;
}

export class Admissions {
  readonly #options: AdmissionsOptions;
  #twinAtMs = Number.NEGATIVE_INFINITY;
  #fenced = false;

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  /** Of a process that opens a stream of messages. Undefined: it may speak. */
  open({ memberId, incarnation, start, address }: Opening): ServiceError | undefined {
    const { starts, peers } = this.#options;
    const verdict = starts.admit(memberId, startFromWire(incarnation, start), 0);
    if (verdict === 'admitted' && isAddress(address)) peers.moved(memberId, incarnation, address);
    return this.#answer(memberId, verdict);
  }

  /** Messages of that process arrive. Undefined: it still may speak. */
  heard(memberId: MemberId, incarnation: number): ServiceError | undefined {
    return this.#answer(
      memberId,
      this.#options.peers.heard(memberId, incarnation) ? 'admitted' : 'superseded',
    );
  }

  /** Of a process that joins the gossip. Undefined: it may. */
  join(report: PeerReport): ServiceError | undefined {
    const { self, start, peers, probation } = this.#options;
    if (report.memberId !== self)
      return this.#answer(report.memberId, peers.report({ ...report, ageMs: 0 }, 'gossip', true));
    const theirs = report.start.incarnation;
    if (theirs === start.incarnation) return undefined;
    if (probation.active) {
      probation.refused(`another process of ${self} to stop: it called from ${report.address}`);
      return undefined;
    }
    return this.#answer(self, theirs < start.incarnation ? 'superseded' : 'twin');
  }

  /** A peer did not let this process speak. */
  onRefused(error: ServiceError): void {
    if (error.code === 'conflict') this.#options.probation.refused(error.message);
    else if (error.code === 'unprocessable') this.fence(error.message);
  }

  /** Once. */
  fence(reason: string): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#options.fence(reason);
  }

  /** Called now and then. */
  watch(): void {
    const { alarms, clock } = this.#options;
    if (clock.monotonicMs() - this.#twinAtMs > ALARM_MS) alarms.clear('duplicate_member');
  }

  #answer(member: MemberId, verdict: StartVerdict): ServiceError | undefined {
    const { alarms, clock, logger } = this.#options;
    if (verdict === 'admitted') return undefined;
    logger.debug({ member, verdict }, 'a process may not speak for its member');
    switch (verdict) {
      case 'twin': {
        this.#twinAtMs = clock.monotonicMs();
        const message = `another process of ${member} to be silent for ${SILENCE_MS} ms: it is alive`;
        alarms.raise('duplicate_member', `two processes run as ${member}; the younger one waits`);
        return new ServiceError('conflict', message);
      }
      case 'superseded':
        return new ServiceError(
          'unprocessable',
          `a younger process speaks for ${member} since this one was silent`,
        );
      case 'stale':
        return new ServiceError(
          'unprocessable',
          `the disk of this process is an old copy: ${member} has promised more`,
        );
    }
  }
}
