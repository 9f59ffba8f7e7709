/** From what a pod reports to what the cluster page says. Pure. */

import type {
  ClusterAlarm,
  ClusterNode,
  ClusterReport,
  RaftHealth,
  Standing,
} from '../../api/cluster-api.ts';

/** A living node is heard within about a second; nobody is called dead for a pause. */
const ALIVE_WITHIN_MS = 5_000;

export type Tone = 'good' | 'warning' | 'bad';

export interface Verdict {
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string;
}

export interface MemberRow {
  readonly memberId: string;
  readonly nodeId: string;
  /** Which life of the node this is: its disk's own part of the member id. */
  readonly instance: string;
  readonly isSelf: boolean;
  readonly membership: 'voter' | 'learner' | 'none';
  /** Null: it cannot be known from here. */
  readonly role: string | null;
  readonly alive: boolean;
  /** Null: not heard of for so long that it was forgotten. */
  readonly heardMsAgo: number | null;
  /** Null: it has not said yet. */
  readonly term: number | null;
  readonly commitIndex: number | null;
  readonly lastApplied: number | null;
  /**
   * Entries that it has yet to store (asked of a leader, of another member: exactly) or to apply (else: about, since
   * the numbers of two nodes are of different moments). Null: it has not said, or not lately.
   */
  readonly lag: number | null;
  /** A snapshot is on its way to it. */
  readonly catchingUp: boolean;
  readonly address: string | null;
  readonly httpAddress: string | null;
}

export interface ClusterView {
  readonly verdict: Verdict;
  readonly servedBy: string;
  readonly leader: string | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
  readonly snapshotIndex: number;
  readonly logBytes: number;
  readonly members: readonly MemberRow[];
  readonly alarms: readonly ClusterAlarm[];
  /** Whether this pod leads, and so knows how far the others are. */
  readonly leads: boolean;
}

export function clusterView({ health, nodes }: ClusterReport): ClusterView {
  const members = memberIds(health, nodes).map((memberId) => rowOf(memberId, health, nodes));
  return {
    verdict: verdictOf(health, members),
    servedBy: health.nodeId,
    leader: health.leaderId === null ? null : nodeOf(health.leaderId),
    term: health.term,
    commitIndex: health.commitIndex,
    lastApplied: health.lastApplied,
    snapshotIndex: health.snapshotIndex,
    logBytes: health.logBytes,
    members,
    alarms: health.alarms,
    leads: health.role === 'leader',
  };
}

/** Who votes counts, whether it was heard of or not; then who learns, and who is only there. By name within each. */
function memberIds(health: RaftHealth, nodes: readonly ClusterNode[]): string[] {
  const parts = [
    votersOf(health),
    new Set(health.configuration?.learners),
    new Set(nodes.map((node) => node.memberId)),
  ];
  return [...new Set(parts.flatMap((part) => [...part].sort()))];
}

function rowOf(memberId: string, health: RaftHealth, nodes: readonly ClusterNode[]): MemberRow {
  const node = nodes.find((candidate) => candidate.memberId === memberId);
  const progress = health.progress.find((candidate) => candidate.memberId === memberId);
  const isSelf = memberId === health.memberId;
  const heardMsAgo = node === undefined ? null : heardAgo(node, nodes);
  const alive = isSelf || (progress?.active ?? (heardMsAgo !== null && heardMsAgo <= ALIVE_WITHIN_MS));
  const membership = membershipOf(memberId, health);
  const standing = isSelf ? health : (node?.standing ?? null);
  return {
    memberId,
    nodeId: nodeOf(memberId),
    instance: memberId.slice(nodeOf(memberId).length + 1),
    isSelf,
    membership,
    role: roleOf(memberId, alive, standing, health),
    alive,
    heardMsAgo,
    term: standing?.term ?? null,
    commitIndex: standing?.commitIndex ?? null,
    lastApplied: standing?.lastApplied ?? null,
    lag:
      progress === undefined
        ? behind(alive ? standing : null, health, nodes)
        : Math.max(0, health.lastIndex - progress.matchIndex),
    catchingUp: progress?.state === 'snapshot',
    address: node?.address ?? null,
    httpAddress: node?.httpAddress ?? null,
  };
}

/** By the clock of the pod that answered, which is what `lastSeen` is told in. */
function heardAgo(node: ClusterNode, nodes: readonly ClusterNode[]): number {
  const self = nodes.find(({ source }) => source === 'self');
  return Math.max(0, Date.parse(self?.lastSeen ?? node.lastSeen) - Date.parse(node.lastSeen));
}

function membershipOf(memberId: string, health: RaftHealth): MemberRow['membership'] {
  if (votersOf(health).has(memberId)) return 'voter';
  return health.configuration?.learners.includes(memberId) ? 'learner' : 'none';
}

function roleOf(
  memberId: string,
  alive: boolean,
  standing: Pick<Standing, 'role'> | null,
  { leaderId }: RaftHealth,
): string | null {
  if (memberId === leaderId) return 'leader';
  return alive ? (standing?.role?.replace('preC', 'pre-c') ?? null) : null;
}

/** Of what is committed as far as anybody said. */
function behind(
  standing: Pick<Standing, 'lastApplied'> | null,
  health: RaftHealth,
  nodes: readonly ClusterNode[],
): number | null {
  if (standing === null) return null;
  const committed = Math.max(health.commitIndex, ...nodes.map((node) => node.standing?.commitIndex ?? 0));
  return Math.max(0, committed - standing.lastApplied);
}

function verdictOf(health: RaftHealth, members: readonly MemberRow[]): Verdict {
  const voters = members.filter(({ membership }) => membership === 'voter');
  const silent = voters.filter(({ alive }) => !alive);
  if (!health.bootstrapped) {
    const detail = sentence(health.waitingFor ?? 'the expected members are not all there yet');
    return {
      tone: 'warning',
      title: 'The cluster is forming',
      detail: `Writes wait until it has. ${detail}`,
    };
  }
  if (health.leaderId === null) return noLeader(voters.length, voters.length - silent.length);
  if (health.alarms.length > 0) {
    const detail = 'What it serves may be affected; see the alarms below.';
    return { tone: 'warning', title: `${health.nodeId} raises an alarm`, detail };
  }
  if (silent.length > 0) {
    const spare = Math.ceil(voters.length / 2) - 1 - silent.length;
    const more = spare > 0 ? `${spare} more may fail.` : 'If one more fails, nothing can be saved.';
    const title = `${silent.map(({ nodeId }) => nodeId).join(', ')} not heard`;
    return { tone: 'warning', title, detail: `The others are a majority and serve everything. ${more}` };
  }
  if (health.waitingFor !== null) {
    return { tone: 'warning', title: `${health.nodeId} waits`, detail: sentence(health.waitingFor) };
  }
  const spare = Math.ceil(voters.length / 2) - 1;
  const detail =
    spare > 0
      ? `All ${voters.length} voters are there. Any ${spare} of them may fail, and the cluster goes on.`
      : 'Of so few voters none may fail.';
  return { tone: 'good', title: 'The cluster is well', detail };
}

function noLeader(voters: number, heard: number): Verdict {
  const needed = Math.floor(voters / 2) + 1;
  if (heard < needed) {
    return {
      tone: 'bad',
      title: 'No quorum',
      detail: `This pod hears ${heard} of ${voters} voters, itself included, and ${needed} are needed. Nothing can be saved; what was acknowledged is safe. Reading shows what this pod knew last.`,
    };
  }
  return {
    tone: 'bad',
    title: 'No leader',
    detail: `${heard} of ${voters} voters are heard, which is enough: they are choosing one. Nothing can be saved until they have.`,
  };
}

function votersOf({ configuration }: RaftHealth): Set<string> {
  return new Set([...(configuration?.voters ?? []), ...(configuration?.votersOutgoing ?? [])]);
}

/** A member is a node and an instance, `agenda-1#0198…`; people know the node. */
function nodeOf(memberId: string): string {
  return memberId.replace(/#.*/, '');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
