/** raft.v1.Sidecar: what the pod and the tools ask of consensus. */
import {
  type MemberChange,
  MemberChange_Kind,
  type SidecarService,
  type Status,
} from '@agenda/proto/raft/v1/sidecar';
import { remainingMs } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import type { CallContext, Handlers } from '@agenda/service-kit/grpc-server';
import { membersOf } from '../core/membership.ts';
import type { MemberId, MembershipChange } from '../core/types.ts';
import type { Driver } from '../runtime/driver.ts';
import type { Operations } from '../runtime/operations.ts';
import type { Proposals } from '../runtime/proposals.ts';
import type { Reads } from '../runtime/reads.ts';
import { noLeader } from '../runtime/refusals.ts';
import type { SnapshotTaker } from '../runtime/snapshot-taker.ts';
import type { LogStore } from '../storage/log-store.ts';
import { configurationToWire, nodeIdOf, snapshotToWire } from '../transport/conversions.ts';
import { inspectLog } from './inspect-log.ts';

/** Of one change; the joint phase grows with it. */
const CHANGES_MAX = 9;

export interface SidecarHandlersOptions {
  readonly driver: Driver;
  readonly store: LogStore;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly operations: Operations;
  readonly taker: Pick<SnapshotTaker, 'take'>;
  readonly status: () => Status;
  /** The same service of another member. */
  readonly sidecarOf: (member: MemberId) => UnaryClient<typeof SidecarService>;
}

/** What the pod's own processes call. What only the leader can do is asked of the leader. */
export function sidecarHandlers(options: SidecarHandlersOptions): Handlers<typeof SidecarService> {
  const { driver, proposals, reads, sidecarOf } = options;
  const local = toolHandlers(options);
  const leader = (): UnaryClient<typeof SidecarService> | undefined => {
    if (driver.isLeader) return undefined;
    if (driver.leadership.leader === '') throw noLeader('no leader is known at the moment');
    return sidecarOf(driver.leadership.leader);
  };
  const deadline = (context: CallContext): { deadlineMs: number } => ({
    deadlineMs: remainingMs(context.deadlineAtMs),
  });
  return {
    ...local,
    propose: ({ command }, context) => proposals.propose(command, context.deadlineAtMs),
    readIndex: async (_request, context) => ({ index: await reads.readIndex(context.deadlineAtMs) }),
    changeMembership: async (request, context) =>
      leader()?.changeMembership(request, deadline(context)) ?? local.changeMembership(request, context),
    transferLeadership: async (request, context) =>
      leader()?.transferLeadership(request, deadline(context)) ?? local.transferLeadership(request, context),
  };
}

/** What other nodes may ask through the peer port: nothing of it is passed on. */
export function toolHandlers(options: SidecarHandlersOptions) {
  const { driver, store, operations, taker, status } = options;
  return {
    getStatus: () => status(),
    inspectLog: (request) => inspectLog(store, request),
    triggerSnapshot: async () => snapshotToWire(await taker.take()),
    changeMembership: async ({ changes }, context) => {
      const known = knownMembers(driver);
      const wanted = changes.map((change) => changeFromWire(change, known));
      if (wanted.length === 0 || wanted.length > CHANGES_MAX)
        throw new ServiceError('invalid_argument', `give 1 to ${CHANGES_MAX} changes, not ${wanted.length}`);
      return configurationToWire(await operations.changeMembership(wanted, context.deadlineAtMs));
    },
    transferLeadership: async ({ target }, context) => {
      const member = target === '' ? undefined : memberNamed(target, knownMembers(driver));
      const { leader, term } = await operations.transferLeadership(member, context.deadlineAtMs);
      return { leaderId: leader, term };
    },
  } satisfies Handlers<typeof SidecarService>;
}

function knownMembers(driver: Driver): readonly MemberId[] {
  return [...membersOf(driver.status().configuration)];
}

/** @throws ServiceError unless it names exactly one member. */
function memberNamed(name: string, members: readonly MemberId[]): MemberId {
  const named = members.filter((member) => member === name || nodeIdOf(member) === name);
  if (named.length === 1) return named[0] as MemberId;
  throw new ServiceError(
    'not_found',
    named.length === 0
      ? `"${name}" is no member; members are ${members.join(', ')}`
      : `"${name}" could be any of ${named.join(', ')}`,
  );
}

function changeFromWire({ kind, memberId }: MemberChange, members: readonly MemberId[]): MembershipChange {
  switch (kind) {
    case MemberChange_Kind.KIND_REMOVE:
      return { kind: 'remove', id: memberNamed(memberId, members) };
    case MemberChange_Kind.KIND_ADD_LEARNER:
      return { kind: 'addLearner', id: assertMemberId(memberId) };
    case MemberChange_Kind.KIND_ADD_VOTER:
      return { kind: 'addVoter', id: assertMemberId(memberId) };
    default:
      throw new ServiceError(
        'invalid_argument',
        'a change adds a voter, adds a learner, or removes a member',
      );
  }
}

function assertMemberId(memberId: string): MemberId {
  if (/^[a-z0-9-]{1,63}#[0-9a-f-]{36}$/.test(memberId)) return memberId;
  throw new ServiceError(
    'invalid_argument',
    `"${memberId}" is no member id: it must be NODE_ID#instance, as the node's status shows it`,
  );
}
