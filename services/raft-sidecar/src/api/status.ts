/** What operators see of this node. */
import type { Standing } from '@agenda/proto/cluster/v1/discovery';
import {
  type ClusterNode,
  type MemberProgress,
  type Status,
  Role as WireRole,
} from '@agenda/proto/raft/v1/sidecar';
import type { CoreStatus } from '../core/raft.ts';
import type { MemberStatus } from '../core/types.ts';
import type { Peer, PeerStore } from '../discovery/peer-store.ts';
import type { Alarms } from '../runtime/alarms.ts';
import type { Driver } from '../runtime/driver.ts';
import type { StateMachineFeed } from '../runtime/feed.ts';
import type { Clock } from '../runtime/ports.ts';
import type { LogStore } from '../storage/log-store.ts';
import { configurationToWire } from '../transport/conversions.ts';

const ROLES = {
  follower: WireRole.ROLE_FOLLOWER,
  preCandidate: WireRole.ROLE_PRE_CANDIDATE,
  candidate: WireRole.ROLE_CANDIDATE,
  leader: WireRole.ROLE_LEADER,
} as const;

export interface StatusOptions {
  readonly nodeId: string;
  readonly driver: Driver;
  readonly store: LogStore;
  readonly feed: StateMachineFeed;
  readonly peers: PeerStore;
  readonly alarms: Alarms;
  readonly clock: Clock;
  /** This node as its own row. */
  readonly self: () => ClusterNode;
  /** Empty: nothing. */
  readonly waitingFor: () => string;
}

export function statusOf(options: StatusOptions): Status {
  const { nodeId, driver, store, feed, peers, alarms, clock, self, waitingFor } = options;
  const core = driver.status();
  const nowMs = clock.monotonicMs();
  const wallMs = clock.wallMs();
  return {
    nodeId,
    memberId: driver.memberId,
    clusterId: driver.clusterId,
    role: roleOf(core),
    leaderId: core.leader,
    term: core.term,
    firstIndex: core.firstIndex,
    lastIndex: core.lastIndex,
    commitIndex: core.commitIndex,
    lastApplied: feed.appliedIndex,
    snapshotIndex: store.snapshot()?.index ?? 0,
    configuration: configurationToWire(core.configuration),
    progress: core.members.map(progressOf),
    nodes: [self(), ...peers.list().map((peer) => nodeOf(peer, wallMs - (nowMs - peer.heardAtMs)))],
    bootstrapped: driver.formation.complete,
    waitingFor: waitingFor(),
    alarms: alarms.list().map((alarm) => ({ ...alarm })),
    logBytes: store.logBytes,
    featureLevel: feed.featureLevel,
  };
}

/** Where this node stands, for it to tell. */
export function standingOf(core: CoreStatus, lastApplied: number): Standing {
  const { term, lastIndex, commitIndex, role, id, configuration } = core;
  const told = configuration.learners.includes(id) ? 'learner' : role;
  return { role: told, term, lastIndex, commitIndex, lastApplied };
}

function roleOf({ role, id, configuration }: CoreStatus): WireRole {
  return configuration.learners.includes(id) ? WireRole.ROLE_LEARNER : ROLES[role];
}

function progressOf({ id, state, matchIndex, nextIndex, recentlyActive }: MemberStatus): MemberProgress {
  return { memberId: id, state, matchIndex, nextIndex, active: recentlyActive };
}

function nodeOf(peer: Peer, lastSeenMs: number): ClusterNode {
  const { nodeId, memberId, address, source, httpAddress, featureLevel, standing } = peer;
  const row = { nodeId, memberId, address, source, httpAddress, featureLevel, standing };
  return { ...row, lastSeenMs: Math.round(lastSeenMs) };
}
