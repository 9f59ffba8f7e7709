/** What operators can ask of a pod, over signed gRPC. */
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import { Role, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';

const DEADLINE_MS = 10_000;
const OPTIONS = { deadlineMs: DEADLINE_MS };

export interface Pod {
  readonly agenda: GrpcChannel;
  readonly sidecar: GrpcChannel;
}

export interface Command {
  readonly usage: string;
  readonly help: string;
  readonly parameters: { readonly min: number; readonly max: number };
  /** @returns what is printed. */
  readonly run: (pod: Pod, args: readonly string[]) => Promise<string>;
}

/** What was asked for is not possible in these words. */
export class UsageError extends Error {}

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
    usage: 'members',
    help: 'who votes, who learns, and where each can be reached',
    parameters: { min: 0, max: 0 },
    run: async ({ sidecar }) => {
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
    help: 'hand leadership to NODE, or to the most advanced voter (ask the leader)',
    parameters: { min: 0, max: 1 },
    run: async ({ sidecar }, [target = '']) => {
      const { leaderId, term } = await sidecar.client(SidecarService).transferLeadership({ target }, OPTIONS);
      return `${leaderId} leads in term ${term}`;
    },
  },
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

function roleName(role: Role): string {
  const [name] = Object.entries(Role).find(([, value]) => value === role) ?? ['unknown'];
  return name.replace('ROLE_', '').toLowerCase().replace('_', '-');
}
