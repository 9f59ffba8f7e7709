import { z } from 'zod';
import { instantAnswer, listOf } from './fields.ts';

export const ROLES = ['follower', 'preCandidate', 'candidate', 'leader', 'learner'] as const;

export const healthAnswer = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });

export const readinessAnswer = z
  .object({ status: z.literal('ready'), lastApplied: z.int() })
  .meta({ id: 'Readiness' });

const progress = z.object({
  memberId: z.string(),
  state: z.string().meta({ description: 'probe, replicate or snapshot' }),
  matchIndex: z.int(),
  nextIndex: z.int(),
  active: z.boolean(),
});

export const raftHealthAnswer = z
  .object({
    nodeId: z.string(),
    memberId: z.string(),
    clusterId: z.string().nullable(),
    role: z.enum(ROLES),
    isLeader: z.boolean(),
    leaderId: z.string().nullable(),
    term: z.int(),
    firstIndex: z.int(),
    lastIndex: z.int(),
    commitIndex: z.int(),
    lastApplied: z.int(),
    snapshotIndex: z.int(),
    logBytes: z.int(),
    configuration: z.looseObject({ voters: z.array(z.string()), learners: z.array(z.string()) }).nullable(),
    progress: z.array(progress).meta({ description: 'on the leader: one for each other member' }),
    bootstrapped: z.boolean(),
    waitingFor: z.string().nullable(),
    alarms: z.array(z.object({ code: z.string(), message: z.string(), since: instantAnswer })),
  })
  .meta({ id: 'RaftHealth' });

const standing = z.object({
  role: z.enum(ROLES).nullable().meta({ description: 'null: one that this pod does not know' }),
  term: z.int(),
  lastIndex: z.int(),
  commitIndex: z.int(),
  lastApplied: z.int(),
});

export const nodesAnswer = listOf(
  z
    .object({
      nodeId: z.string(),
      memberId: z.string(),
      address: z.string(),
      httpAddress: z.string().nullable(),
      source: z.string(),
      lastSeen: instantAnswer,
      standing: standing.nullable().meta({
        description: 'what the node last said of itself to this one; null: nothing yet',
      }),
      isVoter: z.boolean(),
      isLearner: z.boolean(),
      isLeader: z.boolean(),
    })
    .meta({ id: 'Node' }),
).meta({ id: 'Nodes' });
