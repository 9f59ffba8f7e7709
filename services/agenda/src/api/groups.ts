import type {
  AgendaServiceService,
  CreateGroupRequest,
  DeleteGroupRequest,
  DoneResponse,
  GroupMemberResponse,
  GroupResponse,
  HandOverGroupRequest,
  PutGroupMemberRequest,
  RemoveGroupMemberRequest,
  UpdateGroupRequest,
} from '@agenda/proto/agenda/v1/agenda';
import type { CommandResult } from '@agenda/proto/agenda/v1/command';
import { type FieldError, ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import { groupDescriptionErrors, groupKindErrors, groupNameErrors } from '../state-machine/validate.ts';
import type { ApiContext, Handler } from './api-context.ts';
import { assertValid } from './invalid.ts';
import { outcomeOf } from './outcomes.ts';
import { writeAsUser } from './writes.ts';

export function groupHandlers(api: ApiContext): Handlers<AgendaServiceService> {
  return {
    createGroup: createGroup(api),
    updateGroup: updateGroup(api),
    deleteGroup: deleteGroup(api),
    putGroupMember: putGroupMember(api),
    removeGroupMember: removeGroupMember(api),
    handOverGroup: handOverGroup(api),
  };
}

function createGroup(api: ApiContext): Handler<CreateGroupRequest, GroupResponse> {
  return async ({ context, name, description, kind }, call) => {
    const write = writeAsUser(context, call);
    assertValid(
      groupNameErrors(name, 'name'),
      groupDescriptionErrors(description, 'description'),
      groupKindErrors(kind, 'kind'),
    );
    const value = { groupId: uuidv7(), name, description, kind };
    return groupResponse(await api.writes.submit(write, { $case: 'createGroup', value }));
  };
}

function updateGroup(api: ApiContext): Handler<UpdateGroupRequest, GroupResponse> {
  return async ({ context, groupId, name, description, expectedVersion }, call) => {
    const write = writeAsUser(context, call);
    if (name === undefined && description === undefined)
      throw new ServiceError('invalid_argument', 'nothing to change: give name or description');
    assertValid(
      idErrors(groupId, 'groupId'),
      name === undefined ? [] : groupNameErrors(name, 'name'),
      description === undefined ? [] : groupDescriptionErrors(description, 'description'),
    );
    const value = { groupId, name, description, expectedVersion };
    return groupResponse(await api.writes.submit(write, { $case: 'updateGroup', value }));
  };
}

function deleteGroup(api: ApiContext): Handler<DeleteGroupRequest, DoneResponse> {
  return async ({ context, groupId, expectedVersion }, call) => {
    const write = writeAsUser(context, call);
    assertValid(idErrors(groupId, 'groupId'));
    const value = { groupId, expectedVersion };
    return doneResponse(await api.writes.submit(write, { $case: 'deleteGroup', value }));
  };
}

function putGroupMember(api: ApiContext): Handler<PutGroupMemberRequest, GroupMemberResponse> {
  return async ({ context, groupId, userId, rank }, call) => {
    const write = writeAsUser(context, call);
    assertValid(idErrors(groupId, 'groupId'), idErrors(userId, 'userId'));
    const value = { groupId, userId, rank };
    const result = await api.writes.submit(write, { $case: 'putGroupMember', value });
    return { member: outcomeOf(result, 'member'), index: result.index };
  };
}

function removeGroupMember(api: ApiContext): Handler<RemoveGroupMemberRequest, DoneResponse> {
  return async ({ context, groupId, userId }, call) => {
    const write = writeAsUser(context, call);
    assertValid(idErrors(groupId, 'groupId'), idErrors(userId, 'userId'));
    const value = { groupId, userId };
    return doneResponse(await api.writes.submit(write, { $case: 'removeGroupMember', value }));
  };
}

function handOverGroup(api: ApiContext): Handler<HandOverGroupRequest, GroupResponse> {
  return async ({ context, groupId, newCreatorId }, call) => {
    const write = writeAsUser(context, call);
    assertValid(idErrors(groupId, 'groupId'), idErrors(newCreatorId, 'newCreatorId'));
    const value = { groupId, newCreatorId };
    return groupResponse(await api.writes.submit(write, { $case: 'handOverGroup', value }));
  };
}

function idErrors(id: string, path: string): FieldError[] {
  return id === '' ? [{ path, message: 'is missing' }] : [];
}

function groupResponse(result: CommandResult): GroupResponse {
  return { group: outcomeOf(result, 'group'), index: result.index };
}

function doneResponse(result: CommandResult): DoneResponse {
  outcomeOf(result, 'done');
  return { index: result.index };
}
