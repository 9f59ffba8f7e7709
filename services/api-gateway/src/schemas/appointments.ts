/** Appointments as they are sent: to create, to replace, to change. What is answered is in appointment-answers.ts. */
import { z } from 'zod';
import { namesOf, PRIVACY_VALUES } from '../views/values.ts';
import { idField, instantField, timeZoneField } from './fields.ts';

export const PARTICIPANTS_MAX = 200;
const REMINDERS_MAX = 5;
const REMINDER_MINUTES_MAX = 40_320;
const INSTANTS_MAX = 750;
const RULE_CHARACTERS_MAX = 500;

const title = z.string().min(1).max(200);
const description = z.string().max(10_000);
const location = z.string().max(500);
const privacy = z.enum(namesOf(PRIVACY_VALUES)).meta({
  description: 'what people of the same groups see: everything, or only that the time is taken',
});
const participants = z
  .array(z.strictObject({ userId: idField, optional: z.boolean().default(false) }))
  .max(PARTICIPANTS_MAX)
  .meta({ description: 'people invited besides the group; `optional` ones do not hold up the status' });
const recurrence = z
  .strictObject({
    rule: z
      .string()
      .max(RULE_CHARACTERS_MAX)
      .meta({ description: 'RFC 5545 RRULE without its name', example: 'FREQ=WEEKLY;BYDAY=MO' })
      .default(''),
    added: z.array(instantField).max(INSTANTS_MAX).default([]),
    excluded: z.array(instantField).max(INSTANTS_MAX).default([]),
  })
  .meta({ description: 'rule, further starts (RDATE), starts that are left out (EXDATE)' });
const reminderMinutes = z
  .array(z.int().min(0).max(REMINDER_MINUTES_MAX))
  .max(REMINDERS_MAX)
  .meta({ description: 'minutes before the start' });
const allowConflict = z.boolean().meta({ description: 'book although something else takes that time' });

/** PUT: what is left out has its default. */
export const appointmentSchema = z.strictObject({
  title,
  start: instantField,
  end: instantField,
  description: description.default(''),
  location: location.default(''),
  timeZone: timeZoneField.default('UTC'),
  allDay: z.boolean().meta({ description: 'start and end are midnights in `timeZone`' }).default(false),
  privacy: privacy.default('full'),
  participants: participants.default([]),
  recurrence: recurrence.nullable().default(null),
  reminderMinutes: reminderMinutes.default([]),
  allowConflict: allowConflict.default(false),
});

/** POST: also says whose it is, which never changes. */
export const newAppointmentSchema = appointmentSchema.extend({
  groupId: idField
    .nullable()
    .meta({ description: 'for a whole group, of which the owner is a member' })
    .default(null),
});

/** RFC 7396: null takes a value away, which gives the field its default. */
function orDefault<T extends z.ZodType>(field: T, value: z.output<T>) {
  return field
    .nullable()
    .transform((given) => given ?? value)
    .optional();
}

/** PATCH: what is left out stays. */
export const appointmentPatchSchema = z.strictObject({
  title: title.optional(),
  start: instantField.optional(),
  end: instantField.optional(),
  description: orDefault(description, ''),
  location: orDefault(location, ''),
  timeZone: orDefault(timeZoneField, 'UTC'),
  allDay: orDefault(z.boolean(), false),
  privacy: orDefault(privacy, 'full'),
  participants: orDefault(participants, []),
  recurrence: recurrence.nullable().optional(),
  reminderMinutes: orDefault(reminderMinutes, []),
  allowConflict: allowConflict.default(false),
});

export const SCOPES = ['this', 'following', 'all'] as const;

/** PUT, PATCH and DELETE: which occurrences it is for. */
export const scopeQuerySchema = z
  .strictObject({
    scope: z
      .enum(SCOPES)
      .meta({ description: 'of a recurring appointment: one occurrence, it and all that follow, or all' })
      .default('all'),
    recurrenceStart: instantField.optional(),
  })
  .superRefine(({ scope, recurrenceStart }, context) => {
    if (scope !== 'all' && recurrenceStart === undefined)
      context.addIssue({
        code: 'custom',
        path: ['recurrenceStart'],
        message: `says which occurrence scope=${scope} is for: the start that the rule gives it`,
      });
    if (scope === 'all' && recurrenceStart !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['scope'],
        message: 'must be this or following with recurrenceStart',
      });
  });

/** To accept, to decline, to restore. */
export const allowConflictSchema = z.strictObject({ allowConflict: allowConflict.default(false) });

export type AppointmentBody = z.output<typeof appointmentSchema>;
export type AppointmentPatch = z.output<typeof appointmentPatchSchema>;
export type Scope = z.output<typeof scopeQuerySchema>;
export type RecurrenceBody = z.output<typeof recurrence>;
