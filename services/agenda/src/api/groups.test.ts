import assert from 'node:assert/strict';
import type { Caller } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { AppointmentStatus, GroupKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import { StateMachine } from '../state-machine/machine.ts';
import { AgendaUnderTest, DEADLINE, write } from '../testing/agenda-under-test.ts';

const NINE = Date.parse('2027-03-01T09:00:00Z');
const HOUR = 3_600_000;
const READ = { consistency: 0, minIndex: 0 } as const;
const { PARTICIPANT_STATUS_ACCEPTED, PARTICIPANT_STATUS_PENDING, PARTICIPANT_STATUS_AUTO } =
  ParticipantStatus;

describe('groups and invitations', () => {
  const agenda = new AgendaUnderTest();
  let ana: Caller;
  let bob: Caller;
  let cleo: Caller;

  before(async () => {
    await agenda.start();
    ana = await agenda.person('ana');
    bob = await agenda.person('bob');
    cleo = await agenda.person('cleo');
  });

  after(() => agenda.stop());

  /** Resolves when the agenda knows. */
  const lead = async (leaderId: string, featureLevel: number): Promise<void> => {
    agenda.sidecar.lead({ leaderId, featureLevel });
    while ((await agenda.client.getStatus({}, DEADLINE)).leaderId !== leaderId);
  };
  const found = async (kind: GroupKind): Promise<string> => {
    const request = { context: write(ana), name: 'Team', description: '', kind };
    const { group } = await agenda.client.createGroup(request, DEADLINE);
    return group?.id ?? '';
  };
  const put = (caller: Caller, groupId: string, userId: string, rank: number) =>
    agenda.client.putGroupMember({ context: write(caller), groupId, userId, rank }, DEADLINE);
  const leave = (caller: Caller, groupId: string) =>
    agenda.client.removeGroupMember({ context: write(caller), groupId, userId: caller.userId }, DEADLINE);
  const book = (caller: Caller, startMs: number, request: object) =>
    agenda.client.createAppointment(
      {
        context: write(caller),
        fields: AppointmentFields.fromPartial({ title: 'Planning', startMs, endMs: startMs + HOUR }),
        groupId: '',
        participants: [],
        allowConflict: false,
        ...request,
      },
      DEADLINE,
    );
  const respond = (caller: Caller, appointmentId: string, status: ParticipantStatus) =>
    agenda.client.respondToInvitation(
      { context: write(caller), appointmentId, status, allowConflict: false },
      DEADLINE,
    );

  it('are not founded, and the caller is told that nothing was done, while not every replica knows groups', async () => {
    const proposals = agenda.sidecar.proposals.length;
    await lead('agenda-2#1', 1);
    await assert.rejects(found(GroupKind.GROUP_KIND_HIERARCHICAL), {
      code: 'unavailable',
      nothingDone: true,
      message: /^not every replica can do this yet/,
    });
    assert.equal(agenda.sidecar.proposals.length, proposals);
    await lead('agenda-1#1', StateMachine.featureLevel);
  });

  it('are founded, filled, renamed, handed over, left and deleted', async () => {
    const groupId = await found(GroupKind.GROUP_KIND_HIERARCHICAL);
    const { member } = await put(ana, groupId, bob.userId, 10);
    assert.deepEqual([member?.username, member?.rank], ['bob', 10]);
    const renamed = await agenda.client.updateGroup(
      { context: write(ana), groupId, name: 'Crew', description: undefined, expectedVersion: 2 },
      DEADLINE,
    );
    assert.deepEqual([renamed.group?.name, renamed.group?.version], ['Crew', 3]);
    const handed = await agenda.client.handOverGroup(
      { context: write(ana), groupId, newCreatorId: bob.userId },
      DEADLINE,
    );
    assert.equal(handed.group?.creatorId, bob.userId);
    await leave(ana, groupId);
    await assert.rejects(leave(bob, groupId), { code: 'conflict', message: /hand the group over/ });
    await agenda.client.deleteGroup({ context: write(bob), groupId, expectedVersion: undefined }, DEADLINE);
    await assert.rejects(put(bob, groupId, ana.userId, 1), { code: 'not_found' });
  });

  it('refuse what is wrong before it reaches the log, naming every field', async () => {
    const before = agenda.sidecar.log.length;
    await assert.rejects(
      agenda.client.createGroup({ context: write(ana), name: '', description: '', kind: 0 }, DEADLINE),
      { code: 'invalid_argument', message: /name .*kind / },
    );
    await assert.rejects(put(ana, '', '', 1), { code: 'invalid_argument', message: /groupId .*userId / });
    const nothing = { context: write(ana), groupId: 'g', expectedVersion: undefined };
    await assert.rejects(
      agenda.client.updateGroup({ ...nothing, name: undefined, description: undefined }, DEADLINE),
      { code: 'invalid_argument', message: /nothing to change/ },
    );
    await assert.rejects(respond(ana, 'a', PARTICIPANT_STATUS_PENDING), { code: 'invalid_argument' });
    assert.equal(agenda.sidecar.log.length, before);
  });

  it('enter lower ranks at once, ask further people, and take their answers', async () => {
    const groupId = await found(GroupKind.GROUP_KIND_HIERARCHICAL);
    await put(ana, groupId, bob.userId, 10);
    const participants = [{ userId: cleo.userId, optional: false }];
    const { appointment } = await book(ana, NINE, { groupId, participants });
    const appointmentId = appointment?.id ?? '';
    assert.deepEqual(
      appointment?.participants.map(({ username, status }) => [username, status]),
      [
        ['bob', PARTICIPANT_STATUS_AUTO],
        ['cleo', PARTICIPANT_STATUS_PENDING],
      ],
    );
    const answered = await respond(cleo, appointmentId, PARTICIPANT_STATUS_ACCEPTED);
    assert.equal(answered.myStatus, PARTICIPANT_STATUS_ACCEPTED);
    assert.equal(answered.appointment?.status, AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED);
    await assert.rejects(respond(bob, appointmentId, PARTICIPANT_STATUS_ACCEPTED), { code: 'forbidden' });
    const seen = await agenda.client.getAppointment(
      { context: { ...READ, caller: bob }, appointmentId },
      DEADLINE,
    );
    assert.equal(seen.myStatus, PARTICIPANT_STATUS_AUTO);
  });

  it('change who is asked, go to the trash and come back, reminders and all', async () => {
    const { appointment } = await book(ana, NINE + 2 * HOUR, {
      fields: AppointmentFields.fromPartial({
        title: 'Review',
        startMs: NINE + 2 * HOUR,
        endMs: NINE + 3 * HOUR,
        reminderMinutes: [10, 60],
      }),
      participants: [{ userId: bob.userId, optional: false }],
    });
    assert.deepEqual(appointment?.reminderMinutes, [10, 60]);
    const appointmentId = appointment?.id ?? '';
    const updated = await agenda.client.updateAppointment(
      {
        context: write(ana),
        appointmentId,
        fields: undefined,
        changed: [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS],
        expectedVersion: 1,
        allowConflict: false,
        participants: [{ userId: cleo.userId, optional: true }],
        scope: 0,
        recurrenceStartMs: 0,
      },
      DEADLINE,
    );
    assert.deepEqual(
      updated.appointment?.participants.map(({ username, optional }) => [username, optional]),
      [['cleo', true]],
    );
    await agenda.client.deleteAppointment(
      { context: write(ana), appointmentId, expectedVersion: 2, scope: 0, recurrenceStartMs: 0 },
      DEADLINE,
    );
    const restored = await agenda.client.restoreAppointment(
      { context: write(ana), appointmentId, allowConflict: false },
      DEADLINE,
    );
    assert.deepEqual([restored.appointment?.version, restored.appointment?.participants.length], [4, 1]);
  });
});
