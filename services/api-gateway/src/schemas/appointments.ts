import { z } from 'zod';
import { consistencyField, cursorField, instantField, limitField, timeZoneField } from './fields.ts';

const title = z.string().min(1).max(200);
const description = z.string().max(10_000);
const location = z.string().max(500);
const privacy = z.enum(['full', 'freebusy']);

/** POST and PUT: what is left out has its default. */
export const appointmentSchema = z.strictObject({
  title,
  start: instantField,
  end: instantField,
  description: description.default(''),
  location: location.default(''),
  timeZone: timeZoneField.default('UTC'),
  allDay: z.boolean().default(false),
  privacy: privacy.default('full'),
  allowConflict: z.boolean().default(false),
});

export type AppointmentBody = z.output<typeof appointmentSchema>;

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
  allowConflict: z.boolean().default(false),
});

export type AppointmentPatch = z.output<typeof appointmentPatchSchema>;

const LIMIT_MAX = 200;

export const agendaQuerySchema = z.strictObject({
  start: instantField,
  end: instantField,
  limit: limitField(LIMIT_MAX),
  cursor: cursorField,
  consistency: consistencyField,
});

export const pageQuerySchema = z.strictObject({
  limit: limitField(LIMIT_MAX),
  cursor: cursorField,
  consistency: consistencyField,
});
