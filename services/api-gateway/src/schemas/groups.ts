import { z } from 'zod';
import { GROUP_KIND_VALUES, namesOf } from '../views/values.ts';
import { instantAnswer, listOf, versionAnswer } from './fields.ts';

/** The creator's own is one above. */
const RANK_MAX = 999;

const name = z.string().min(1).max(100);
const description = z.string().max(2_000);
const kind = z.enum(namesOf(GROUP_KIND_VALUES)).meta({
  description: 'hierarchical: ranks; who is above another enters appointments without asking. Never changes.',
});

export const newGroupSchema = z.strictObject({ name, description: description.default(''), kind });

/** PUT: what is left out has its default. */
export const groupSchema = z.strictObject({ name, description: description.default('') });

/** PATCH: what is left out stays; null takes the description away. */
export const groupPatchSchema = z.strictObject({ name: name.optional(), description: description.nullish() });

export const memberSchema = z.strictObject({
  rank: z
    .int()
    .min(0)
    .max(RANK_MAX)
    .meta({ description: 'hierarchical groups: 1 to 999, below your own; flat groups: leave it out' })
    .default(0),
});

export const groupAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    description: z.string(),
    kind: z.enum(namesOf(GROUP_KIND_VALUES)),
    creatorId: z.uuid(),
    memberCount: z.int(),
    myRank: z.int().nullable().meta({ description: 'null in flat groups' }),
    version: versionAnswer,
    originNode: z.string(),
    createdAt: instantAnswer,
    updatedAt: instantAnswer,
  })
  .meta({ id: 'Group' });

export const groupMemberAnswer = z
  .object({
    groupId: z.uuid(),
    userId: z.uuid(),
    username: z.string(),
    displayName: z.string(),
    rank: z.int().meta({ description: 'greater is higher; 0 in flat groups' }),
    joinedAt: instantAnswer,
    version: z.int(),
  })
  .meta({ id: 'GroupMember' });

export const groupsAnswer = listOf(groupAnswer).meta({ id: 'Groups' });
export const groupMembersAnswer = listOf(groupMemberAnswer).meta({ id: 'GroupMembers' });

export type GroupAnswer = z.output<typeof groupAnswer>;
export type GroupMemberAnswer = z.output<typeof groupMemberAnswer>;
