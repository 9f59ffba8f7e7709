/** One appointment by its id: to read, to change, to answer. */
import assert from 'node:assert/strict';
import { AppointmentField, AppointmentFields, OccurrenceScope } from '@agenda/proto/agenda/v1/command';
import { type Appointment, ParticipantStatus, type Span } from '@agenda/proto/agenda/v1/model';
import type { Method } from './office.ts';
import { answerOf, OWNER, SUBJECTS, type Subject, sees } from './table.ts';
import { assertBlank, assertLikeNothing, seenOf, type Walk } from './walk.ts';
import { NO_SUCH_ID } from './world.ts';

const STATUS = {
  accepted: ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
  pending: ParticipantStatus.PARTICIPANT_STATUS_PENDING,
  tentative: ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE,
  declined: ParticipantStatus.PARTICIPANT_STATUS_DECLINED,
  auto: ParticipantStatus.PARTICIPANT_STATUS_AUTO,
} as const;
const ANSWERABLE = ['accepted', 'tentative', 'declined'] as const;
const SCOPES = [0, 1, 2, 3] as const satisfies readonly OccurrenceScope[];
/** No appointment is changed so often: whoever may change it is told so, and nothing happens. */
const NO_SUCH_VERSION = 999;

export function walkDetails(walk: Walk): void {
  walk.everyViewer('by id', async (viewer) => {
    const ask = (id: string) => walk.office.ask(viewer, 'getAppointment', { appointmentId: id });
    const found = new Map<string, Awaited<ReturnType<typeof ask>>>();
    const nothing = await ask(NO_SUCH_ID);
    for (const subject of SUBJECTS) {
      const reply = await ask(subject.id);
      found.set(subject.id, reply);
      const appointment = reply.value?.appointment as Appointment;
      if (sees(viewer, subject) === '-') assertLikeNothing(reply, subject.id, nothing);
      if (sees(viewer, subject) === 'busy') assertBlank(appointment, subject.id);
      if (sees(viewer, subject) === 'all')
        assert.equal(appointment.title, walk.world.wordsOf(subject).after[0]);
    }
    const value = ({ id }: Subject) => found.get(id)?.value;
    walk.compare(
      'by id',
      viewer,
      (one) => seenOf(value(one)?.appointment),
      (one) => sees(viewer, one),
    );
    walk.compare(
      'own answer',
      viewer,
      (one) => value(one)?.myStatus ?? 0,
      (one) => myStatus(viewer, one),
    );
  });

  for (const [method, question] of edits()) walkEdit(walk, method, question);
  walkAnswers(walk);
}

function myStatus(viewer: string, subject: Subject): ParticipantStatus {
  const answer = answerOf(viewer, subject);
  return viewer === OWNER || answer === undefined || sees(viewer, subject) !== 'all' ? 0 : STATUS[answer];
}

type Ask = (id: string, startMs: number, expectedVersion: number | undefined) => object;

/** In each scope. */
function edits(): [Method, Ask][] {
  const fields = AppointmentFields.fromPartial({ title: 'taken over' });
  const changed = [AppointmentField.APPOINTMENT_FIELD_TITLE];
  const scoped = (scope: OccurrenceScope, startMs: number) => ({
    scope,
    recurrenceStartMs:
      scope === OccurrenceScope.OCCURRENCE_SCOPE_THIS ||
      scope === OccurrenceScope.OCCURRENCE_SCOPE_THIS_AND_FOLLOWING
        ? startMs
        : 0,
  });
  return [
    ...SCOPES.flatMap((scope): [Method, Ask][] => [
      [
        'updateAppointment',
        (appointmentId, startMs, expectedVersion) => ({
          ...{ appointmentId, fields, changed, expectedVersion, allowConflict: false, participants: [] },
          ...scoped(scope, startMs),
        }),
      ],
      [
        'deleteAppointment',
        (appointmentId, startMs, expectedVersion) => ({
          appointmentId,
          expectedVersion,
          ...scoped(scope, startMs),
        }),
      ],
    ]),
    ['restoreAppointment', (appointmentId) => ({ appointmentId, allowConflict: false })],
  ];
}

/** Whoever can see it is told that only the owner may; for all others it is not there. */
function walkEdit(walk: Walk, method: Method, ask: Ask): void {
  const { scope } = ask('', 1, undefined) as { scope?: OccurrenceScope };
  const path = scope === undefined ? method : `${method}, scope ${scope}`;
  walk.everyViewer(path, async (viewer) => {
    const version = viewer === OWNER ? NO_SUCH_VERSION : undefined;
    const start = (subject: Subject): number => (walk.world.spansOf(subject)[0] as Span).startMs;
    const subjects = SUBJECTS.filter(
      ({ kind }) => viewer !== OWNER || kind !== 'trashed' || method !== 'restoreAppointment',
    );
    const told = new Map<string, string>();
    for (const subject of subjects) {
      const question = (id: string) => ask(id, start(subject), version) as never;
      const reply = await walk.office.ask(viewer, method, question(subject.id));
      told.set(subject.id, reply.code);
      if (sees(viewer, subject) === '-')
        assertLikeNothing(reply, subject.id, await walk.office.ask(viewer, method, question(NO_SUCH_ID)));
    }
    const asOwner = method === 'restoreAppointment' ? 'conflict' : 'version_mismatch';
    const expected = (subject: Subject): string =>
      sees(viewer, subject) === '-' ? 'not_found' : viewer === OWNER ? asOwner : 'forbidden';
    walk.compare(path, viewer, ({ id }) => told.get(id), expected, subjects);
  });
}

/** Only who is asked may answer; for all others, whatever they may see, there is no invitation. */
function walkAnswers(walk: Walk): void {
  for (const answer of ANSWERABLE)
    walk.everyViewer(`answers "${answer}"`, async (viewer) => {
      const ask = (appointmentId: string) =>
        walk.office.ask(viewer, 'respondToInvitation', {
          appointmentId,
          status: STATUS[answer],
          allowConflict: false,
        });
      // Another answer than the one that was given would change what the other walks find.
      const subjects = SUBJECTS.filter((subject) => {
        const given = subject.kind === 'trashed' ? undefined : answerOf(viewer, subject);
        return given === undefined || given === 'auto' || given === answer || viewer === OWNER;
      });
      const nothing = await ask(NO_SUCH_ID);
      const told = new Map<string, string>();
      for (const subject of subjects) {
        const reply = await ask(subject.id);
        told.set(subject.id, reply.code);
        if (reply.code === 'not_found') assertLikeNothing(reply, subject.id, nothing);
      }
      const expected = (subject: Subject): string => {
        const given = answerOf(viewer, subject);
        if (given === undefined || subject.kind === 'trashed') return 'not_found';
        if (viewer === OWNER) return 'conflict';
        return given === 'auto' ? 'forbidden' : 'ok';
      };
      walk.compare(`answer ${answer}`, viewer, ({ id }) => told.get(id), expected, subjects);
    });
}
