/** All that can be asked: each call is walked, or says here why it need not be; and who one is must be known first. */
import assert from 'node:assert/strict';
import { AgendaServiceService, type AuditBatch } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { GroupKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import { DAY_MS } from '../../state-machine/testing.ts';
import { ENDED, type Method, NOBODY, type Question, type Reply, TOOL } from './office.ts';
import { Sink } from './sink.ts';
import type { Walk } from './walk.ts';

/**
 * `walked`: with the table. `account`: of the caller's own account, without any appointment. `anybody`: before one is
 * logged in. `nodes`: signed by nodes, not in anybody's name; of streams the walk reads what is for each viewer.
 */
const CALLS: Readonly<Record<keyof typeof AgendaServiceService, 'walked' | 'account' | 'anybody' | 'nodes'>> =
  {
    register: 'anybody',
    login: 'anybody',
    refresh: 'anybody',
    logout: 'account',
    getMe: 'walked',
    updateMyProfile: 'account',
    changeMyPassword: 'account',
    searchUsers: 'walked',
    setRole: 'nodes',
    createAppointment: 'walked',
    getAppointment: 'walked',
    updateAppointment: 'walked',
    deleteAppointment: 'walked',
    restoreAppointment: 'walked',
    respondToInvitation: 'walked',
    listAgenda: 'walked',
    listConflicts: 'walked',
    searchAppointments: 'walked',
    sync: 'walked',
    createGroup: 'account',
    getGroup: 'walked',
    listGroups: 'walked',
    updateGroup: 'walked',
    deleteGroup: 'walked',
    putGroupMember: 'walked',
    removeGroupMember: 'walked',
    listGroupMembers: 'walked',
    handOverGroup: 'walked',
    findFreeSlots: 'walked',
    getFreeBusy: 'walked',
    listNotifications: 'walked',
    countUnread: 'walked',
    markNotificationRead: 'walked',
    importCalendar: 'walked',
    exportCalendar: 'walked',
    setFeed: 'walked',
    recordNodeEvents: 'nodes',
    getStatus: 'anybody',
    events: 'walked',
    watchEvents: 'walked',
    auditFeed: 'walked',
  };

const RANGE = { startMs: 0, endMs: DAY_MS };
const PAGE = { limit: 0, cursor: '' };
const EDIT = { appointmentId: 'x', expectedVersion: undefined, scope: 0, recurrenceStartMs: 0 } as const;
const FIELDS = AppointmentFields.fromPartial({ title: 'x', startMs: 1, endMs: 2 });
const CHANGE = { fields: FIELDS, participants: [], allowConflict: false };
const GROUP = { groupId: 'x' };
const ONE_EVENT = [
  ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:x', 'DTSTART:20270101T090000Z', 'DURATION:PT1H'],
  ...['END:VEVENT', 'END:VCALENDAR', ''],
].join('\r\n');

/** Of each call in somebody's name, something to ask that would be valid. */
const QUESTIONS: { readonly [M in Method]?: Question<M> } = {
  logout: {},
  getMe: {},
  updateMyProfile: { email: undefined, displayName: 'x', timeZone: undefined, expectedVersion: undefined },
  changeMyPassword: { currentPassword: 'correct horse', newPassword: 'battery staple' },
  searchUsers: { query: 'x', ...PAGE },
  createAppointment: { ...CHANGE, groupId: '' },
  getAppointment: { appointmentId: 'x' },
  updateAppointment: { ...CHANGE, ...EDIT, changed: [AppointmentField.APPOINTMENT_FIELD_TITLE] },
  deleteAppointment: EDIT,
  restoreAppointment: { appointmentId: 'x', allowConflict: false },
  respondToInvitation: {
    appointmentId: 'x',
    status: ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
    allowConflict: false,
  },
  listAgenda: { ...RANGE, ...PAGE, userId: '', groupId: '' },
  listConflicts: { ...RANGE, ...PAGE },
  searchAppointments: { query: 'x', deleted: false, ...PAGE },
  sync: { sinceIndex: 0, limit: 0 },
  createGroup: { name: 'x', description: '', kind: GroupKind.GROUP_KIND_NON_HIERARCHICAL },
  getGroup: GROUP,
  listGroups: PAGE,
  updateGroup: { ...GROUP, name: 'x', description: undefined, expectedVersion: undefined },
  deleteGroup: { ...GROUP, expectedVersion: undefined },
  putGroupMember: { ...GROUP, userId: 'x', rank: 0 },
  removeGroupMember: { ...GROUP, userId: 'x' },
  listGroupMembers: { ...GROUP, ...PAGE },
  handOverGroup: { ...GROUP, newCreatorId: 'x' },
  findFreeSlots: {
    ...{ userIds: [], groupId: '', optionalUserIds: [], ...RANGE, durationMinutes: 5 },
    ...{ workingStartMinutes: 0, workingEndMinutes: 0, workingDays: [], bufferMinutes: 0, limit: 0 },
  },
  getFreeBusy: { userIds: [], ...RANGE },
  listNotifications: { unreadOnly: false, ...PAGE },
  countUnread: {},
  markNotificationRead: { notificationId: '' },
  importCalendar: { ics: Buffer.from(ONE_EVENT) },
  exportCalendar: { ...RANGE, groupId: '', feedSecret: '' },
  setFeed: { groupId: '', revoke: false },
};

/** To stand after all other walks. */
export function walkCalls(walk: Walk): void {
  it('no call is left out of the walk', () => {
    assert.deepEqual(Object.keys(CALLS).sort(), Object.keys(AgendaServiceService).sort());
    const walked = Object.entries(CALLS).filter(([, how]) => how === 'walked');
    assert.deepEqual(
      walked.map(([method]) => method).filter((method) => !walk.office.called.has(method)),
      [],
    );
  });

  it('no part of the table was passed over: so many verdicts were compared', () => {
    const cells = [...walk.cells.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(cells > 26_000, `only ${cells}`);
    for (const [path, count] of walk.cells) assert.ok(count >= 32, `${path}: ${count}`);
  });

  it('nobody, a tool and a session that has ended are told who must ask, and nothing else', async () => {
    for (const [method, how] of Object.entries(CALLS)) {
      if (how === 'anybody' || how === 'nodes' || !isUnary(method)) continue;
      const question = QUESTIONS[method];
      assert.ok(question, `there is no question for ${method}`);
      for (const [as, code] of [
        [NOBODY, 'unauthenticated'],
        [ENDED, 'unauthenticated'],
        [TOOL, 'forbidden'],
      ] as const) {
        const reply: Reply<unknown> = await walk.office.ask(as, method, question as never);
        assert.equal(reply.code, code, `${method} of ${as}`);
      }
    }
  });

  it('the audit feed is for the audit service of the same node', async () => {
    const sink = new Sink<AuditBatch>();
    const request = { fromIndex: 0, compared: false };
    await assert.rejects(walk.office.serve('auditFeed', request, sink, 'agenda-2'), { code: 'forbidden' });
    assert.deepEqual(sink.messages, []);
  });
}

function isUnary(method: string): method is Method {
  const { requestStream, responseStream } = AgendaServiceService[method as Method];
  return !requestStream && !responseStream;
}
