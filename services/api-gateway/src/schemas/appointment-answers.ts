import { z } from 'zod';
import { namesOf, PARTICIPANT_VALUES, PRIVACY_VALUES, STATUS_VALUES } from '../views/values.ts';
import { instantAnswer, listOf, versionAnswer } from './fields.ts';

const participantStatus = z.enum(namesOf(PARTICIPANT_VALUES)).meta({
  id: 'ParticipantStatus',
  description: '`auto`: entered by a superior in a hierarchical group',
});

const participantView = z
  .object({
    userId: z.uuid(),
    username: z.string(),
    displayName: z.string(),
    status: participantStatus,
    optional: z.boolean(),
    conflict: z.boolean().meta({ description: 'it overlapped something else when it was entered' }),
    respondedAt: instantAnswer.nullable(),
  })
  .meta({ id: 'Participant' });

const recurrenceView = z
  .object({ rule: z.string(), added: z.array(instantAnswer), excluded: z.array(instantAnswer) })
  .meta({ id: 'Recurrence' });

const appointmentFields = {
  id: z.uuid(),
  ownerId: z.uuid(),
  groupId: z.uuid().nullable(),
  title: z.string(),
  description: z.string(),
  location: z.string(),
  start: instantAnswer,
  end: instantAnswer,
  timeZone: z.string(),
  allDay: z.boolean(),
  privacy: z.enum(namesOf(PRIVACY_VALUES)),
  status: z.enum(namesOf(STATUS_VALUES)).meta({
    description: '`accepted` once everyone required has accepted, `declined` as soon as one of them declines',
  }),
  participants: z.array(participantView),
  recurrence: recurrenceView.nullable(),
  reminderMinutes: z.array(z.int()),
  seriesId: z
    .uuid()
    .nullable()
    .meta({ description: 'the series, if this is what was changed for one occurrence of it only' }),
  recurrenceStart: instantAnswer.nullable().meta({ description: 'the start that the rule gave' }),
  version: versionAnswer,
  originNode: z.string(),
  createdAt: instantAnswer,
  updatedAt: instantAnswer,
  deletedAt: instantAnswer.nullable(),
  busyOnly: z.literal(false),
};

const myStatus = participantStatus.nullable().meta({ description: 'null: not invited' });

/** Without a viewer: in events and in a sync. */
export const appointmentViewSchema = z.object(appointmentFields).meta({ id: 'Appointment' });

const ownView = z.object({ ...appointmentFields, myStatus }).meta({ id: 'AppointmentForMe' });
const busyView = z
  .object({ start: instantAnswer, end: instantAnswer, busyOnly: z.literal(true) })
  .meta({ id: 'Busy', description: 'no more is for this viewer to see than that the time is taken' });

export const appointmentAnswer = z.discriminatedUnion('busyOnly', [ownView, busyView]);

const occurrenceFields = {
  ...appointmentFields,
  myStatus,
  conflict: z.boolean().meta({ description: 'overlaps something else that takes time in this agenda' }),
  userId: z.uuid().meta({ description: 'whose agenda it stands in' }),
};

export const occurrenceAnswer = z.discriminatedUnion('busyOnly', [
  z.object(occurrenceFields).meta({ id: 'Occurrence', description: 'start and end are of this appearance' }),
  z
    .object({ userId: z.uuid(), start: instantAnswer, end: instantAnswer, busyOnly: z.literal(true) })
    .meta({ id: 'BusyOccurrence' }),
]);

export const occurrencesAnswer = listOf(occurrenceAnswer).meta({ id: 'Occurrences' });

export const myStatusAnswer = z
  .object({ appointmentId: z.uuid(), myStatus, status: appointmentFields.status })
  .meta({ id: 'MyStatus' });

export const syncAnswer = z
  .object({
    changed: z.array(appointmentViewSchema),
    removed: z.array(z.uuid()),
    index: z.int().meta({ description: 'pass as `since` next time' }),
    more: z.boolean().meta({ description: 'there is more at once' }),
    reset: z.boolean().meta({ description: 'true: `since` is no longer kept; forget all and start from 0' }),
  })
  .meta({ id: 'Sync' });

export type AppointmentView = z.output<typeof appointmentViewSchema>;
export type AppointmentAnswer = z.output<typeof appointmentAnswer>;
export type OccurrenceAnswer = z.output<typeof occurrenceAnswer>;
export type ParticipantView = z.output<typeof participantView>;
export type RecurrenceView = z.output<typeof recurrenceView>;
