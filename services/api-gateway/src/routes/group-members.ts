import type { GroupMember } from '@agenda/proto/agenda/v1/model';
import { readOptionalBody } from '../middleware/body.ts';
import { readContext } from '../middleware/consistency.ts';
import { pageQuerySchema } from '../schemas/fields.ts';
import { groupMemberAnswer, groupMembersAnswer, memberSchema } from '../schemas/groups.ts';
import { parse } from '../schemas/parse.ts';
import { groupMemberView } from '../views/groups.ts';
import { listView } from '../views/values.ts';
import { answer, answerEmpty } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import { pathId } from './parameters.ts';

function listMembers({ agenda }: Gateway): Route {
  return async (context) => {
    const { limit, cursor } = parse(pageQuerySchema, context.query);
    const request = { context: readContext(context), groupId: pathId(context, 'group'), limit, cursor };
    const page = await agenda.read(context, (calls, options) => calls.listGroupMembers(request, options));
    answer(context, 200, listView(page.members.map(groupMemberView), page.nextCursor), page.index);
  };
}

function putMember({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const { rank } = await readOptionalBody(context, memberSchema);
    const request = {
      context: idempotency.writeContext(context),
      groupId: pathId(context, 'group'),
      userId: pathId(context, 'user', 'userId'),
      rank,
    };
    const { member, index } = await agenda.write(context, (calls, options) =>
      calls.putGroupMember(request, options),
    );
    answer(context, 200, groupMemberView(member as GroupMember), index);
  };
}

function removeMember({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = {
      context: idempotency.writeContext(context),
      groupId: pathId(context, 'group'),
      userId: pathId(context, 'user', 'userId'),
    };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.removeGroupMember(request, options),
    );
    answerEmpty(context, index);
  };
}

export const groupMemberEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/api/groups/:id/members',
    topic: 'Groups',
    summary: 'The members of a group, highest rank first, for its members',
    agenda: 'read',
    query: pageQuerySchema,
    answers: { 200: { what: 'A page of them.', schema: groupMembersAnswer } },
    handler: listMembers,
  },
  {
    method: 'put',
    path: '/api/groups/:id/members/:userId',
    topic: 'Groups',
    summary:
      'Add a member, or change a rank: in a hierarchical group for members of a strictly higher rank, who give ranks ' +
      'below their own; in a flat one for the creator',
    agenda: 'write',
    body: { schema: memberSchema, optional: true },
    answers: { 200: { what: 'The member.', schema: groupMemberAnswer } },
    errors: ['forbidden', 'conflict'],
    handler: putMember,
  },
  {
    method: 'delete',
    path: '/api/groups/:id/members/:userId',
    topic: 'Groups',
    summary: 'Remove a member, under the same rules; who is removed drops out of the future appointments',
    agenda: 'write',
    answers: { 204: { what: 'Removed.' } },
    errors: ['forbidden', 'conflict'],
    handler: removeMember,
  },
];
