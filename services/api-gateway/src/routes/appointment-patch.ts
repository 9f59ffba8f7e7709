/** What a PATCH changes. Time, zone and recurrence change together, so a part of them is completed by what is there. */
import type { AppointmentResponse, UpdateAppointmentRequest } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, AppointmentFields } from '@agenda/proto/agenda/v1/command';
import type { Appointment, Recurrence } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import { expectedVersion } from '../middleware/conditions.ts';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import type { AppointmentBody, AppointmentPatch, RecurrenceBody } from '../schemas/appointments.ts';
import { PRIVACY_VALUES } from '../views/values.ts';
import type { Gateway } from './gateway.ts';
import { pathId } from './parameters.ts';

/** How often a PATCH without If-Match reads anew because somebody else was faster. */
const PATCH_TRIES_MAX = 3;

type Scope = Pick<UpdateAppointmentRequest, 'scope' | 'recurrenceStartMs'>;
type Update = Omit<UpdateAppointmentRequest, 'context' | 'appointmentId' | 'fields'>;

/** @throws ServiceError */
export async function patchAppointment(
  gateway: Gateway,
  context: RequestContext,
  patch: AppointmentPatch,
  scope: Scope,
): Promise<AppointmentResponse> {
  const changed = changedBy(patch);
  if (changed.length === 0)
    throw new ServiceError(
      'invalid_argument',
      'nothing to change: give at least one of title, start, end, …',
    );
  const update: Update = {
    ...scope,
    changed,
    participants: patch.participants ?? [],
    allowConflict: patch.allowConflict,
    expectedVersion: expectedVersion(context),
  };
  if (timeIsWhole(patch) || !changed.includes(AppointmentField.APPOINTMENT_FIELD_TIME))
    return await send(gateway, context, update, patchedFields(patch, undefined), 0);
  assertOccurrenceTime(patch, scope);
  return await patchTime(gateway, context, patch, update);
}

async function patchTime(
  gateway: Gateway,
  context: RequestContext,
  patch: AppointmentPatch,
  update: Update,
): Promise<AppointmentResponse> {
  for (let attempt = 0; ; attempt++) {
    const request = { context: readContext(context), appointmentId: pathId(context, 'appointment') };
    const read = await gateway.agenda.read(context, (calls, options) =>
      calls.getAppointment(request, options),
    );
    const before = read.appointment as Appointment;
    // Too little is seen of it to make a request of, which would be refused all the same.
    if (before.busyOnly) throw new ServiceError('forbidden', 'only the owner may change an appointment');
    const expected = update.expectedVersion ?? before.version;
    const fields = patchedFields(patch, before);
    try {
      return await send(gateway, context, { ...update, expectedVersion: expected }, fields, attempt);
    } catch (error) {
      const raced = error instanceof ServiceError && error.code === 'version_mismatch';
      if (!raced || update.expectedVersion !== undefined || attempt + 1 >= PATCH_TRIES_MAX) throw error;
    }
  }
}

function send(
  { agenda, idempotency }: Gateway,
  context: RequestContext,
  update: Update,
  fields: AppointmentFields,
  attempt: number,
): Promise<AppointmentResponse> {
  const request = {
    ...update,
    fields,
    context: idempotency.writeContext(context, '', attempt),
    appointmentId: pathId(context, 'appointment'),
  };
  return agenda.write(context, (calls, options) => calls.updateAppointment(request, options));
}

/** The appointment tells when its series begins, not when the occurrence is. @throws ServiceError */
function assertOccurrenceTime({ start, end }: AppointmentPatch, { recurrenceStartMs }: Scope): void {
  if (recurrenceStartMs === 0 || (start !== undefined && end !== undefined)) return;
  const path = start === undefined ? 'start' : 'end';
  const message =
    'is missing: to change the time of one occurrence, or of it and those after, give both ends';
  throw new ServiceError('invalid_argument', `${path} ${message}`, { fields: [{ path, message }] });
}

export function fieldsOf(body: AppointmentBody): AppointmentFields {
  return AppointmentFields.fromPartial({
    title: body.title,
    description: body.description,
    location: body.location,
    startMs: body.start,
    endMs: body.end,
    timeZone: body.timeZone,
    allDay: body.allDay,
    privacy: PRIVACY_VALUES[body.privacy],
    reminderMinutes: body.reminderMinutes,
    ...(body.recurrence && { recurrence: recurrenceOf(body.recurrence) }),
  });
}

function recurrenceOf({ rule, added, excluded }: RecurrenceBody): Recurrence {
  return { rule, addedMs: added, excludedMs: excluded };
}

function timeIsWhole({ start, end, timeZone, allDay, recurrence }: AppointmentPatch): boolean {
  return [start, end, timeZone, allDay, recurrence].every((given) => given !== undefined);
}

function changedBy(patch: AppointmentPatch): AppointmentField[] {
  const { start, end, timeZone, allDay, recurrence } = patch;
  const time = [start, end, timeZone, allDay, recurrence].some((given) => given !== undefined);
  return [
    ...(patch.title === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_TITLE]),
    ...(patch.description === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_DESCRIPTION]),
    ...(patch.location === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_LOCATION]),
    ...(time ? [AppointmentField.APPOINTMENT_FIELD_TIME] : []),
    ...(patch.privacy === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_PRIVACY]),
    ...(patch.reminderMinutes === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_REMINDERS]),
    ...(patch.participants === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS]),
  ];
}

/** With what was there before where the patch gives a part of the time. */
function patchedFields(patch: AppointmentPatch, before: Appointment | undefined): AppointmentFields {
  const recurrence =
    patch.recurrence === undefined
      ? before?.recurrence
      : patch.recurrence === null
        ? undefined
        : recurrenceOf(patch.recurrence);
  return AppointmentFields.fromPartial({
    title: patch.title ?? '',
    description: patch.description ?? '',
    location: patch.location ?? '',
    startMs: patch.start ?? before?.startMs ?? 0,
    endMs: patch.end ?? before?.endMs ?? 0,
    timeZone: patch.timeZone ?? before?.timeZone ?? '',
    allDay: patch.allDay ?? before?.allDay ?? false,
    reminderMinutes: patch.reminderMinutes ?? [],
    ...(recurrence && { recurrence }),
    ...(patch.privacy && { privacy: PRIVACY_VALUES[patch.privacy] }),
  });
}
