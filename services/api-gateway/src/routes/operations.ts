/** For those who watch over the cluster: probes, consensus, metrics. */
import type { Standing } from '@agenda/proto/cluster/v1/discovery';
import { Role, type Status } from '@agenda/proto/raft/v1/sidecar';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { Gauge } from 'prom-client';
import { z } from 'zod';
import {
  healthAnswer,
  nodesAnswer,
  ROLES,
  raftHealthAnswer,
  readinessAnswer,
} from '../schemas/operations.ts';
import { instant, listView } from '../views/values.ts';
import { answer } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';

const PROBE_DEADLINE_MS = 1_500;

const ROLE_NAMES = {
  [Role.ROLE_FOLLOWER]: 'follower',
  [Role.ROLE_PRE_CANDIDATE]: 'preCandidate',
  [Role.ROLE_CANDIDATE]: 'candidate',
  [Role.ROLE_LEADER]: 'leader',
  [Role.ROLE_LEARNER]: 'learner',
} as Record<Role, (typeof ROLES)[number]>;

/** The process lives; nothing else is asked. */
function healthz(): Route {
  return async (context) => answer(context, 200, { status: 'ok' });
}

/** Requests would be served now. */
function readyz({ agenda }: Gateway): Route {
  return async (context) => {
    const status = await agenda.calls.getStatus({}, { deadlineMs: PROBE_DEADLINE_MS }).catch(agendaAway);
    const reasons = [
      status.attached ? [] : ['the agenda is not attached to its sidecar'],
      status.leaderId !== '' ? [] : ['no leader is known'],
      status.acceptsWrites ? [] : ['writes are not accepted: the cluster is forming, or has no leader'],
    ].flat();
    if (reasons.length > 0) throw new ServiceError('unavailable', `not ready: ${reasons.join('; ')}`);
    answer(context, 200, { status: 'ready', lastApplied: status.lastApplied });
  };
}

/** Whatever the reason: to a probe it is all the same. */
function agendaAway(error: unknown): never {
  const { message } = toServiceError(error);
  throw new ServiceError('unavailable', `not ready: the agenda does not answer: ${message}`, {
    cause: error,
  });
}

function raftHealth({ sidecar }: Gateway): Route {
  return async (context) =>
    answer(context, 200, healthView(await sidecar.getStatus({}, { deadlineMs: PROBE_DEADLINE_MS })));
}

function healthView(status: Status) {
  return {
    nodeId: status.nodeId,
    memberId: status.memberId,
    clusterId: status.clusterId || null,
    role: ROLE_NAMES[status.role] ?? 'follower',
    isLeader: status.role === Role.ROLE_LEADER,
    leaderId: status.leaderId || null,
    term: status.term,
    firstIndex: status.firstIndex,
    lastIndex: status.lastIndex,
    commitIndex: status.commitIndex,
    lastApplied: status.lastApplied,
    snapshotIndex: status.snapshotIndex,
    logBytes: status.logBytes,
    configuration: status.configuration ?? null,
    progress: status.progress,
    bootstrapped: status.bootstrapped,
    waitingFor: status.waitingFor || null,
    alarms: status.alarms.map(({ code, message, sinceMs }) => ({ code, message, since: instant(sinceMs) })),
  };
}

function clusterNodes({ sidecar }: Gateway): Route {
  return async (context) => {
    const status = await sidecar.getStatus({}, { deadlineMs: PROBE_DEADLINE_MS });
    const { voters = [], votersOutgoing = [], learners = [] } = status.configuration ?? {};
    const nodes = status.nodes.map((node) => ({
      nodeId: node.nodeId,
      memberId: node.memberId,
      address: node.address,
      httpAddress: node.httpAddress || null,
      source: node.source,
      lastSeen: instant(node.lastSeenMs),
      standing: standingView(node.standing),
      isVoter: voters.includes(node.memberId) || votersOutgoing.includes(node.memberId),
      isLearner: learners.includes(node.memberId),
      isLeader: node.memberId === status.leaderId,
    }));
    answer(context, 200, listView(nodes, ''));
  };
}

function standingView(standing: Standing | undefined) {
  return standing ? { ...standing, role: ROLES.find((name) => name === standing.role) ?? null } : null;
}

/** Prometheus text; what the sidecar says is asked for at each scrape. */
function metricsText({ metrics, sidecar, logger }: Gateway): Route {
  const gauges: [Gauge, (status: Status) => number][] = [
    [metrics.gauge('raft_term', 'Current term'), (status) => status.term],
    [metrics.gauge('raft_commit_index', 'Commit index'), (status) => status.commitIndex],
    [metrics.gauge('raft_last_index', 'Last log index'), (status) => status.lastIndex],
    [
      metrics.gauge('raft_last_applied', 'Last index that the agenda applied'),
      (status) => status.lastApplied,
    ],
    [metrics.gauge('raft_log_bytes', 'Stored log, bytes'), (status) => status.logBytes],
    [
      metrics.gauge('raft_is_leader', '1 on the leader'),
      (status) => Number(status.role === Role.ROLE_LEADER),
    ],
    [metrics.gauge('raft_has_leader', '1 if a leader is known'), (status) => Number(status.leaderId !== '')],
    [metrics.gauge('raft_voters', 'Voters in force'), (status) => status.configuration?.voters.length ?? 0],
    [metrics.gauge('raft_snapshot_index', 'Index of the latest snapshot'), (status) => status.snapshotIndex],
  ];
  const alarms = metrics.gauge('raft_alarm', '1 for each alarm that is raised', ['code']);
  const up = metrics.gauge('raft_sidecar_up', '1 if the sidecar answered this scrape');
  return async (context) => {
    try {
      const status = await sidecar.getStatus({}, { deadlineMs: PROBE_DEADLINE_MS });
      for (const [gauge, value] of gauges) gauge.set(value(status));
      alarms.reset();
      for (const { code } of status.alarms) alarms.set({ code }, 1);
      up.set(1);
    } catch (error) {
      logger.warn({ err: error }, 'the sidecar did not answer a scrape');
      up.set(0);
    }
    context.status = 200;
    context.body = await metrics.registry.metrics();
    context.set('Content-Type', metrics.registry.contentType);
  };
}

const watched = { topic: 'Operators', access: 'anybody' } as const;

export const operationEndpoints: readonly Endpoint[] = [
  {
    ...watched,
    method: 'get',
    path: '/healthz',
    summary: 'The process lives; nothing else is asked',
    answers: { 200: { what: 'It does.', schema: healthAnswer } },
    handler: healthz,
  },
  {
    ...watched,
    method: 'get',
    path: '/readyz',
    summary: 'Requests would be served now',
    answers: { 200: { what: 'They would.', schema: readinessAnswer } },
    errors: ['unavailable'],
    handler: readyz,
  },
  {
    ...watched,
    method: 'get',
    path: '/raft/health',
    summary: 'Consensus, as this node sees it',
    answers: { 200: { what: 'Its state.', schema: raftHealthAnswer } },
    errors: ['unavailable', 'timeout'],
    handler: raftHealth,
  },
  {
    ...watched,
    method: 'get',
    path: '/cluster/nodes',
    summary: 'What is known of every node, and who votes',
    answers: { 200: { what: 'All of them.', schema: nodesAnswer } },
    errors: ['unavailable', 'timeout'],
    handler: clusterNodes,
  },
  {
    ...watched,
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    answers: { 200: { what: 'As text.', schema: z.string(), type: 'text/plain' } },
    handler: metricsText,
  },
];
