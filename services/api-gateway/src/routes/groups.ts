import type { Group } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import { principalOf } from '../middleware/authentication.ts';
import { readBody } from '../middleware/body.ts';
import { expectedVersion, isKnown, setETag } from '../middleware/conditions.ts';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import { userIdSchema } from '../schemas/accounts.ts';
import { pageQuerySchema, readQuerySchema } from '../schemas/fields.ts';
import {
  groupAnswer,
  groupPatchSchema,
  groupSchema,
  groupsAnswer,
  newGroupSchema,
} from '../schemas/groups.ts';
import { parse } from '../schemas/parse.ts';
import { groupView } from '../views/groups.ts';
import { GROUP_KIND_VALUES, listView } from '../views/values.ts';
import { answer, answerEmpty, answerUnchanged } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import { pathId } from './parameters.ts';

function createGroup({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const { name, description, kind } = await readBody(context, newGroupSchema);
    const request = {
      context: idempotency.writeContext(context),
      name,
      description,
      kind: GROUP_KIND_VALUES[kind],
    };
    const { group, index } = await agenda.write(context, (calls, options) =>
      calls.createGroup(request, options),
    );
    context.set('Location', `/api/groups/${group?.id}`);
    answerGroup(context, 201, group as Group, index);
  };
}

function listGroups({ agenda }: Gateway): Route {
  return async (context) => {
    const { limit, cursor } = parse(pageQuerySchema, context.query);
    const request = { context: readContext(context), limit, cursor };
    const page = await agenda.read(context, (calls, options) => calls.listGroups(request, options));
    answer(context, 200, listView(page.groups.map(groupView), page.nextCursor), page.index);
  };
}

function getGroup({ agenda }: Gateway): Route {
  return async (context) => {
    const request = { context: readContext(context), groupId: pathId(context, 'group') };
    const response = await agenda.read(context, (calls, options) => calls.getGroup(request, options));
    const group = response.group as Group;
    if (isKnown(context, group.version)) answerUnchanged(context, group.version, response.index);
    else answerGroup(context, 200, group, response.index);
  };
}

function putGroup(gateway: Gateway): Route {
  return async (context) => updateGroup(gateway, context, await readBody(context, groupSchema));
}

function patchGroup(gateway: Gateway): Route {
  return async (context) => {
    const { name, description } = await readBody(context, groupPatchSchema);
    if (name === undefined && description === undefined)
      throw new ServiceError('invalid_argument', 'nothing to change: give name, description or both');
    await updateGroup(gateway, context, { name, description: description === null ? '' : description });
  };
}

async function updateGroup(
  { agenda, idempotency }: Gateway,
  context: RequestContext,
  change: { readonly name: string | undefined; readonly description: string | undefined },
): Promise<void> {
  const request = {
    ...change,
    context: idempotency.writeContext(context),
    groupId: pathId(context, 'group'),
    expectedVersion: expectedVersion(context),
  };
  const { group, index } = await agenda.write(context, (calls, options) =>
    calls.updateGroup(request, options),
  );
  answerGroup(context, 200, group as Group, index);
}

function deleteGroup({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = {
      context: idempotency.writeContext(context),
      groupId: pathId(context, 'group'),
      expectedVersion: expectedVersion(context),
    };
    const { index } = await agenda.write(context, (calls, options) => calls.deleteGroup(request, options));
    answerEmpty(context, index);
  };
}

/** Leaving is being removed by oneself. */
function leaveGroup({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = {
      context: idempotency.writeContext(context),
      groupId: pathId(context, 'group'),
      userId: principalOf(context).userId,
    };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.removeGroupMember(request, options),
    );
    answerEmpty(context, index);
  };
}

function handOver({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const { userId } = await readBody(context, userIdSchema);
    const request = {
      context: idempotency.writeContext(context),
      groupId: pathId(context, 'group'),
      newCreatorId: userId,
    };
    const { group, index } = await agenda.write(context, (calls, options) =>
      calls.handOverGroup(request, options),
    );
    answerGroup(context, 200, group as Group, index);
  };
}

function answerGroup(context: RequestContext, status: number, group: Group, index: number): void {
  setETag(context, group.version);
  answer(context, status, groupView(group), index);
}

const GROUP = { what: 'The group.', schema: groupAnswer, headers: ['ETag'] } as const;
const topic = 'Groups';

export const groupEndpoints: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/api/groups',
    topic,
    summary: 'Create a group; you are its creator',
    agenda: 'write',
    body: { schema: newGroupSchema },
    answers: { 201: { ...GROUP, headers: ['ETag', 'Location'] } },
    handler: createGroup,
  },
  {
    method: 'get',
    path: '/api/groups',
    topic,
    summary: 'The groups that you are in',
    agenda: 'read',
    query: pageQuerySchema,
    answers: { 200: { what: 'A page of them.', schema: groupsAnswer } },
    handler: listGroups,
  },
  {
    method: 'get',
    path: '/api/groups/:id',
    topic,
    summary: 'One group, for its members',
    agenda: 'read',
    query: readQuerySchema,
    conditional: true,
    answers: { 200: GROUP },
    handler: getGroup,
  },
  {
    method: 'put',
    path: '/api/groups/:id',
    topic,
    summary: 'Replace name and description (creator only)',
    agenda: 'write',
    conditional: true,
    body: { schema: groupSchema },
    answers: { 200: GROUP },
    errors: ['forbidden'],
    handler: putGroup,
  },
  {
    method: 'patch',
    path: '/api/groups/:id',
    topic,
    summary: 'Change name or description (creator only)',
    agenda: 'write',
    conditional: true,
    body: { schema: groupPatchSchema, types: ['application/json', 'application/merge-patch+json'] },
    answers: { 200: GROUP },
    errors: ['forbidden'],
    handler: patchGroup,
  },
  {
    method: 'delete',
    path: '/api/groups/:id',
    topic,
    summary: 'Delete a group (creator only); its future appointments are cancelled, past ones stay',
    agenda: 'write',
    conditional: true,
    answers: { 204: { what: 'Deleted.' } },
    errors: ['forbidden'],
    handler: deleteGroup,
  },
  {
    method: 'post',
    path: '/api/groups/:id/leave',
    topic,
    summary: 'Leave a group and its future appointments; the creator hands over first (409)',
    agenda: 'write',
    answers: { 204: { what: 'Left.' } },
    errors: ['conflict'],
    handler: leaveGroup,
  },
  {
    method: 'post',
    path: '/api/groups/:id/hand-over',
    topic,
    summary: 'Make another member the creator (creator only)',
    agenda: 'write',
    body: { schema: userIdSchema },
    answers: { 200: GROUP },
    errors: ['forbidden', 'conflict'],
    handler: handOver,
  },
];
