/** When people are taken: free/busy, free slots, and what a refusal for want of time names. */
import assert from 'node:assert/strict';
import { AppointmentField, AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { type ConflictDetail, ParticipantStatus, Privacy, type Span } from '@agenda/proto/agenda/v1/model';
import { DAY_MS } from '../../state-machine/testing.ts';
import {
  answerOf,
  MEMBERS,
  mayLookAt,
  NAMES,
  OWNER,
  SUBJECTS,
  type Subject,
  sees,
  standsWith,
  takesTimeOf,
} from './table.ts';
import { assertLikeNothing, type Walk } from './walk.ts';
import { rangeOf } from './walk-lists.ts';
import { NO_SUCH_ID, userOf } from './world.ts';

const CONFLICTS_NAMED_MAX = 20;
const ACCEPTED = ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;
const BLOCKER = 'everything at once';

export function walkTimes(walk: Walk): void {
  walkFreeBusy(walk);
  walkFreeSlots(walk);
  walkConflicts(walk);
}

function takenOf(walk: Walk, person: string): Span[] {
  return SUBJECTS.filter((subject) => takesTimeOf(person, subject))
    .flatMap((subject) => walk.world.spansOf(subject))
    .sort((one, other) => one.startMs - other.startMs);
}

function walkFreeBusy(walk: Walk): void {
  walk.everyViewer('by the busy times of everybody, where the own groups are', async (viewer) => {
    const ask = (...ids: string[]) =>
      walk.office.ask(viewer, 'getFreeBusy', { userIds: ids, ...rangeOf(walk) });
    const nobody = await ask(NO_SUCH_ID);
    for (const person of NAMES) {
      const reply = await ask(userOf(person));
      if (!mayLookAt(viewer, person)) {
        assertLikeNothing(reply, userOf(person), nobody);
        continue;
      }
      const expected = { userId: userOf(person), busy: takenOf(walk, person) };
      assert.deepEqual(reply.value?.people, [expected], `${viewer} of ${person}`);
      const starts = new Set(reply.value?.people[0]?.busy.map(({ startMs }) => startMs));
      walk.compare(
        'free/busy',
        viewer,
        (one) => walk.world.spansOf(one).every(({ startMs }) => starts.has(startMs)),
        (one) => takesTimeOf(person, one),
      );
    }
  });
}

function walkFreeSlots(walk: Walk): void {
  const day = 24 * 60;
  const search = {
    ...{ userIds: [], groupId: '', optionalUserIds: [], durationMinutes: 5, bufferMinutes: 0, limit: 50 },
    ...{ workingStartMinutes: 0, workingEndMinutes: day, workingDays: [1, 2, 3, 4, 5, 6, 7] },
  };

  walk.everyViewer(
    'by free slots, which nothing hidden blocks and which say nothing of why',
    async (viewer) => {
      const { firstDayMs } = walk.world;
      const range = { startMs: firstDayMs, endMs: firstDayMs + DAY_MS / 2 };
      const ask = (more: object) =>
        walk.office.ask(viewer, 'findFreeSlots', { ...search, ...range, ...more });
      const required = await ask({ userIds: [userOf(OWNER)] });
      const optional = await ask({ optionalUserIds: [userOf(OWNER)].filter((id) => id !== userOf(viewer)) });
      if (!mayLookAt(viewer, OWNER)) {
        assertLikeNothing(required, userOf(OWNER), await ask({ userIds: [NO_SUCH_ID] }));
        assertLikeNothing(optional, userOf(OWNER), await ask({ optionalUserIds: [NO_SUCH_ID] }));
      } else {
        const overlaps = (slot: Span, person: string): boolean =>
          takenOf(walk, person).some(({ startMs, endMs }) => startMs < slot.endMs && slot.startMs < endMs);
        assert.ok((required.value?.slots.length ?? 0) > 10);
        for (const slot of required.value?.slots ?? []) {
          assert.ok(!overlaps(slot, OWNER) && !overlaps(slot, viewer));
          assert.match(slot.reason, /^(who is required is free|all 2 people are free)$/);
        }
        for (const slot of optional.value?.slots ?? [])
          assert.deepEqual(
            slot.missingUserIds,
            viewer !== OWNER && overlaps(slot, OWNER) ? [userOf(OWNER)] : [],
            'who cannot come is who is taken',
          );
      }
      const nothing = await ask({ groupId: NO_SUCH_ID });
      for (const [group, names] of Object.entries({ ...MEMBERS, gone: [] as string[] }))
        if (!names.includes(viewer))
          assertLikeNothing(await ask({ groupId: `g-${group}` }), `g-${group}`, nothing);
    },
  );
}

/** Whoever books over everything is told what is in the way: what stands in the own agenda, and nothing of others. */
function walkConflicts(walk: Walk): void {
  walk.everyViewer('by what a refusal names, and in the list of conflicts', async (viewer) => {
    const own = takenOf(walk, viewer);
    const create = (allowConflict: boolean) =>
      walk.office.ask(viewer, 'createAppointment', {
        ...{ fields: everything(walk), groupId: '', participants: [], allowConflict },
      });
    if (own.length > 0) assertNames(walk, viewer, await create(false), own);
    const blocker = (await create(true)).value?.appointment;
    assert.ok(blocker);
    const { occurrences } = await walk.office.answer(viewer, 'listConflicts', {
      ...{ ...rangeOf(walk), limit: 200, cursor: '' },
    });
    const listed = new Set(occurrences.map(({ appointment }) => appointment?.id));
    walk.compare(
      'conflicts',
      viewer,
      ({ id }) => listed.has(id),
      (one) => standsWith(viewer, one),
    );
    for (const subject of SUBJECTS) await walkRefusals(walk, viewer, subject, blocker);
    await walk.office.answer(viewer, 'deleteAppointment', {
      ...{ appointmentId: blocker.id, expectedVersion: undefined, scope: 0, recurrenceStartMs: 0 },
    });
  });
}

function everything({ world }: Walk): AppointmentFields {
  return AppointmentFields.fromPartial({
    title: BLOCKER,
    startMs: world.firstDayMs,
    endMs: world.firstDayMs + 3 * DAY_MS,
    privacy: Privacy.PRIVACY_FREEBUSY,
  });
}

interface Refused {
  readonly code: string;
  readonly conflicts: ConflictDetail | undefined;
}

function assertNames(walk: Walk, viewer: string, { code, conflicts }: Refused, own: readonly Span[]): void {
  assert.equal(code, 'conflict');
  assert.equal(conflicts?.total, own.length);
  const named = own.slice(0, CONFLICTS_NAMED_MAX);
  assert.deepEqual(
    conflicts?.appointments.map(({ startMs, userId }) => [startMs, userId]),
    named.map(({ startMs }) => [startMs, userOf(viewer)]),
  );
  const ids = new Set(conflicts?.appointments.map(({ appointmentId }) => appointmentId));
  const last = named.at(-1)?.startMs ?? 0;
  walk.compare(
    'conflicts of a refusal',
    viewer,
    ({ id }) => ids.has(id),
    (one) => takesTimeOf(viewer, one) && walk.world.spansOf(one).some(({ startMs }) => startMs <= last),
  );
}

/** While something of the viewer's stands in the way of each. */
async function walkRefusals(
  walk: Walk,
  viewer: string,
  subject: Subject,
  blocker: { readonly id: string },
): Promise<void> {
  const { id: appointmentId, kind } = subject;
  const accept = await walk.office.ask(viewer, 'respondToInvitation', {
    ...{ appointmentId, status: ACCEPTED, allowConflict: false },
  });
  const restore = await walk.office.ask(viewer, 'restoreAppointment', {
    appointmentId,
    allowConflict: false,
  });
  const move = await walk.office.ask(viewer, 'updateAppointment', {
    ...{ appointmentId, fields: everything(walk), changed: [AppointmentField.APPOINTMENT_FIELD_TIME] },
    ...{ expectedVersion: undefined, allowConflict: false, participants: [], scope: 0, recurrenceStartMs: 0 },
  });
  const given = answerOf(viewer, subject);
  const waits = kind !== 'trashed' && viewer !== OWNER && given !== 'accepted' && given !== 'auto';
  const onlyBlocker = { code: 'conflict', total: 1, ids: [blocker.id] };
  const asks = waits && given !== undefined;
  walk.compare(
    'refused answer',
    viewer,
    () => asks && named(accept),
    () => asks && onlyBlocker,
    [subject],
  );
  const mine = viewer === OWNER;
  const restores = mine && kind === 'trashed';
  walk.compare(
    'refused restore',
    viewer,
    () => restores && named(restore),
    () => restores && onlyBlocker,
    [subject],
  );
  const expected = sees(viewer, subject) === '-' ? 'not_found' : mine ? 'conflict' : 'forbidden';
  walk.compare(
    'refused move',
    viewer,
    () => move.code,
    () => expected,
    [subject],
  );
  assert.equal(move.conflicts !== undefined, expected === 'conflict');
}

function named({ code, conflicts }: Refused) {
  const ids = conflicts?.appointments.map(({ appointmentId }) => appointmentId);
  return { code, total: conflicts?.total, ids };
}
