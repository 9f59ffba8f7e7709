/** Says what happens to this node: a line in the log for each, and a record in the audit trail. */
import { Level } from '@agenda/proto/audit/v1/audit';
import type { RefusedCall } from '@agenda/service-kit/grpc-server';
import type { Logger } from '@agenda/service-kit/logger';
import type { Configuration, Entry } from '../core/types.ts';
import type { RecoveryRecord } from '../recovery/recover.ts';
import type { Alarm } from './alarms.ts';
import type { Driver, Leadership } from './driver.ts';
import type { NodeEvents } from './node-events.ts';

export class Journal {
  readonly #events: NodeEvents;
  readonly #logger: Logger;

  constructor(events: NodeEvents, logger: Logger) {
    this.#events = events;
    this.#logger = logger;
  }

  follow(driver: Driver): void {
    driver.onLeadership((now, before) => this.#onLeadership(driver, now, before));
    driver.onCommit((_index, entries) => this.#onCommitted(driver, entries));
  }

  onRefused(refused: RefusedCall): void {
    this.#logger.warn(refused, 'a call was refused: its signature is not valid');
    this.#events.record({
      action: 'signature.refused',
      level: Level.LEVEL_WARNING,
      address: refused.peer,
      outcome: 'unauthenticated',
      detail: { method: refused.method, reason: refused.reason },
    });
  }

  onAlarm({ code, message }: Alarm, raised: boolean): void {
    if (raised) this.#logger.error({ alarm: code }, message);
    else this.#logger.info({ alarm: code }, 'alarm is over');
    this.#events.record({
      action: raised ? 'alarm.raised' : 'alarm.cleared',
      level: raised ? Level.LEVEL_ALARM : Level.LEVEL_INFO,
      target: `alarm:${code}`,
      detail: { message },
    });
  }

  /** An operator recovered the cluster from this disk. Told at every start: the same record counts once. */
  onRecovery({ id, atMs, ...detail }: RecoveryRecord): void {
    this.#logger.warn(
      detail,
      'this cluster was recovered from one disk; what only the lost members held is gone',
    );
    this.#events.record({
      action: 'raft.cluster_recovered',
      level: Level.LEVEL_ALARM,
      target: `cluster:${detail.clusterId}`,
      detail,
      told: { id: Buffer.from(id, 'hex'), atMs },
    });
  }

  /** The node must not go on. */
  onFatal(error: Error): void {
    this.#logger.fatal({ err: error }, `this node stops: ${error.message}`);
    this.#events.record({
      action: 'node.failed',
      level: Level.LEVEL_ALARM,
      outcome: 'internal',
      detail: { message: error.message },
    });
  }

  #onLeadership(driver: Driver, now: Leadership, before: Leadership): void {
    const { role, leader, term } = now;
    if (role === before.role && leader === before.leader) return;
    const detail = { term };
    this.#logger.info({ role, leader, term }, describe(now, before));
    if (role === 'leader')
      this.#events.record({ action: 'raft.leader_elected', target: `member:${driver.memberId}`, detail });
    else if (before.role === 'leader')
      this.#events.record({
        action: 'raft.leadership_lost',
        level: Level.LEVEL_WARNING,
        target: `member:${driver.memberId}`,
        detail,
      });
    else if (leader !== '' && leader !== before.leader)
      this.#events.record({ action: 'raft.leader_followed', target: `member:${leader}`, detail });
    else if (before.role === 'candidate' && leader === '')
      this.#events.record({ action: 'raft.election_lost', target: `member:${driver.memberId}`, detail });
  }

  /** All members see it; the leader's record is enough. */
  #onCommitted(driver: Driver, entries: readonly Entry[]): void {
    for (const { index, payload } of entries) {
      if (payload.kind !== 'configuration') continue;
      const configuration: Configuration = payload.configuration;
      this.#logger.info({ index, ...configuration }, 'the membership changed');
      // A founder commits its first entry before it is a leader.
      const founded = index === 1 && configuration.voters.includes(driver.memberId);
      if (founded || driver.isLeader)
        this.#events.record({
          action: founded ? 'raft.cluster_founded' : 'raft.membership_changed',
          target: `cluster:${driver.clusterId}`,
          detail: { index, ...configuration },
        });
    }
  }
}

function describe({ role, leader }: Leadership, before: Leadership): string {
  if (role === 'leader') return 'this node leads now';
  if (before.role === 'leader') return 'this node leads no more';
  if (leader !== before.leader) return leader === '' ? 'no leader is known' : 'a leader is followed';
  return 'the role changed';
}
