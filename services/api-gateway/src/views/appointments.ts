import type { AppointmentResponse } from '@agenda/proto/agenda/v1/agenda';
import type { Appointment, Occurrence, Participant, Recurrence } from '@agenda/proto/agenda/v1/model';
import type {
  AppointmentAnswer,
  AppointmentView,
  OccurrenceAnswer,
  ParticipantView,
  RecurrenceView,
} from '../schemas/appointment-answers.ts';
import { instant, instantOrNull, orNull, participantName, privacyName, statusName } from './values.ts';

export function appointmentView(appointment: Appointment): AppointmentView {
  return {
    id: appointment.id,
    ownerId: appointment.ownerId,
    groupId: orNull(appointment.groupId),
    title: appointment.title,
    description: appointment.description,
    location: appointment.location,
    start: instant(appointment.startMs),
    end: instant(appointment.endMs),
    timeZone: appointment.timeZone,
    allDay: appointment.allDay,
    privacy: privacyName(appointment.privacy) ?? 'full',
    status: statusName(appointment.status) ?? 'accepted',
    participants: appointment.participants.map(participantView),
    recurrence: recurrenceView(appointment.recurrence),
    reminderMinutes: appointment.reminderMinutes,
    seriesId: orNull(appointment.seriesId),
    recurrenceStart: instantOrNull(appointment.recurrenceStartMs),
    version: appointment.version,
    originNode: appointment.originNode,
    createdAt: instant(appointment.createdAtMs),
    updatedAt: instant(appointment.updatedAtMs),
    deletedAt: instantOrNull(appointment.deletedAtMs),
    busyOnly: false,
  };
}

function participantView(participant: Participant): ParticipantView {
  return {
    userId: participant.userId,
    username: participant.username,
    displayName: participant.displayName,
    status: participantName(participant.status) ?? 'pending',
    optional: participant.optional,
    conflict: participant.conflict,
    respondedAt: instantOrNull(participant.respondedAtMs),
  };
}

function recurrenceView(recurrence: Recurrence | undefined): RecurrenceView | null {
  if (!recurrence) return null;
  return {
    rule: recurrence.rule,
    added: recurrence.addedMs.map(instant),
    excluded: recurrence.excludedMs.map(instant),
  };
}

/** For one viewer: with the viewer's own participation, or no more than "busy". */
export function appointmentAnswer({ appointment, myStatus }: AppointmentResponse): AppointmentAnswer {
  if (!appointment) throw new Error('the agenda answered without an appointment');
  if (appointment.busyOnly)
    return { start: instant(appointment.startMs), end: instant(appointment.endMs), busyOnly: true };
  return { ...appointmentView(appointment), myStatus: participantName(myStatus) ?? null };
}

/** An appointment with the start and end of this appearance. */
export function occurrenceView(occurrence: Occurrence): OccurrenceAnswer {
  const { appointment, userId } = occurrence;
  if (!appointment) throw new Error('the agenda answered an occurrence without its appointment');
  const [start, end] = [instant(occurrence.startMs), instant(occurrence.endMs)];
  if (appointment.busyOnly) return { userId, start, end, busyOnly: true };
  return {
    ...appointmentView(appointment),
    start,
    end,
    recurrenceStart: instantOrNull(occurrence.recurrenceStartMs),
    myStatus: participantName(occurrence.myStatus) ?? null,
    conflict: occurrence.conflict,
    userId,
  };
}
