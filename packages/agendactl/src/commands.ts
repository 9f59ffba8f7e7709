/** What operators can ask of a pod, over signed gRPC. */
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import { MemberChange_Kind, Role, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { type Command, UsageError } from './command.ts';
import { log, snapshot } from './log-commands.ts';

const DEADLINE_MS = 10_000;
/** Two instances of a node that were heard so close to each other both live. */
const HEARD_TOGETHER_MS = 5_000;
const OPTIONS = { deadlineMs: DEADLINE_MS };

export const COMMANDS: Readonly<Record<string, Command>> = {
  status: {
    usage: 'status',
    help: 'where this pod stands: role, term, indexes, alarms',
    parameters: { min: 0, max: 0 },
    run: async ({ sidecar }) => {
      const status = await sidecar.client(SidecarService).getStatus({}, OPTIONS);
      const lines = [
        ['node', `${status.nodeId} (${status.memberId})`],
        ['role', roleName(status.role)],
        ['leader', status.leaderId || 'none known'],
        ['term', status.term],
        [
          'log',
          `${status.firstIndex}–${status.lastIndex}, committed ${status.commitIndex}, applied ${status.lastApplied}`,
        ],
        ['waiting for', status.waitingFor || 'nothing'],
        ['alarms', status.alarms.map((alarm) => `${alarm.code}: ${alarm.message}`).join('; ') || 'none'],
      ];
      return lines.map(([name, value]) => `${String(name).padEnd(12)}${value}`).join('\n');
    },
  },
  members: {
    usage: 'members [list | add NODE | remove NODE]',
    help: 'who votes, who learns, and where each can be reached; take a node in, or out at once',
    parameters: { min: 0, max: 2 },
    run: async ({ sidecar }, [action = 'list', node]) => {
      if (action === 'add' && node !== undefined) return addMember(sidecar, node);
      if (action === 'remove' && node !== undefined) return removeMember(sidecar, node);
      if (action !== 'list' || node !== undefined)
        throw new UsageError('say "members", "members add NODE" or "members remove NODE"');
      const { configuration, nodes, leaderId } = await sidecar.client(SidecarService).getStatus({}, OPTIONS);
      const voters = configuration?.voters ?? [];
      const ids = [
        ...new Set([...voters, ...(configuration?.learners ?? []), ...nodes.map((node) => node.memberId)]),
      ];
      const kindOf = (id: string): string =>
        voters.includes(id) ? 'voter' : configuration?.learners.includes(id) ? 'learner' : 'no member';
      return ids
        .map((id) => {
          const address = nodes.find((node) => node.memberId === id)?.address ?? 'address not known';
          return `${id}  ${kindOf(id)}${id === leaderId ? ', leader' : ''}  ${address}`;
        })
        .join('\n');
    },
  },
  'transfer-leader': {
    usage: 'transfer-leader [NODE]',
    help: 'hand leadership to NODE, or to the most advanced voter',
    parameters: { min: 0, max: 1 },
    run: async ({ sidecar }, [target = '']) => {
      const { leaderId, term } = await sidecar.client(SidecarService).transferLeadership({ target }, OPTIONS);
      return `${leaderId} leads in term ${term}`;
    },
  },
  snapshot,
  log,
  role: {
    usage: 'role USERNAME member|operator',
    help: 'make a user an operator, or a member again',
    parameters: { min: 2, max: 2 },
    run: async ({ agenda }, [username = '', role = '']) => {
      const roles = { member: UserRole.USER_ROLE_MEMBER, operator: UserRole.USER_ROLE_OPERATOR } as const;
      if (role !== 'member' && role !== 'operator')
        throw new UsageError(`a role is member or operator, not "${role}"`);
      const caller = { userId: '', sessionId: '', username: '', address: '', tool: 'agendactl' };
      const context = { caller, commandId: uuidv7Bytes(), fingerprint: new Uint8Array(0) };
      const request = { context, username, role: roles[role] };
      const { user } = await agenda.client(AgendaServiceService).setRole(request, OPTIONS);
      return `${user?.username} is ${role} now`;
    },
  },
};

/** As a learner; the leader promotes it as soon as it has caught up. */
async function addMember(sidecar: GrpcChannel, node: string): Promise<string> {
  const { configuration, nodes } = await sidecar.client(SidecarService).getStatus({}, OPTIONS);
  const members = [...(configuration?.voters ?? []), ...(configuration?.learners ?? [])];
  const already = members.find((member) => member === node || member.startsWith(`${node}#`));
  if (already !== undefined) throw new UsageError(`${already} is a member already`);
  const outside = nodes.filter(
    ({ nodeId, memberId }) => (nodeId === node || memberId === node) && !members.includes(memberId),
  );
  // A node that lost its disk is still known by its former instance, which nobody hears any more.
  const lastSeenMs = Math.max(...outside.map((other) => other.lastSeenMs));
  const found = outside.filter((other) => lastSeenMs - other.lastSeenMs < HEARD_TOGETHER_MS);
  const [only] = found;
  if (!only || found.length > 1)
    throw new UsageError(
      only
        ? `"${node}" could be any of ${found.map(({ memberId }) => memberId).join(', ')}`
        : `"${node}" is no node that this pod has heard of and that is outside`,
    );
  return change(sidecar, MemberChange_Kind.KIND_ADD_LEARNER, only.memberId);
}

function removeMember(sidecar: GrpcChannel, node: string): Promise<string> {
  return change(sidecar, MemberChange_Kind.KIND_REMOVE, node);
}

async function change(sidecar: GrpcChannel, kind: MemberChange_Kind, memberId: string): Promise<string> {
  const changes = [{ kind, memberId }];
  const { voters, learners } = await sidecar.client(SidecarService).changeMembership({ changes }, OPTIONS);
  return `voters   ${voters.join(', ')}\nlearners ${learners.join(', ') || 'none'}`;
}

function roleName(role: Role): string {
  const [name] = Object.entries(Role).find(([, value]) => value === role) ?? ['unknown'];
  return name.replace('ROLE_', '').toLowerCase().replace('_', '-');
}
