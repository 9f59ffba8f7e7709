import { z } from 'zod';
import { consistencyField, idField, instantAnswer, instantField, rangeFields } from './fields.ts';

const PEOPLE_MAX = 200;
const FREE_BUSY_PEOPLE_MAX = 50;
const DURATION_MINUTES_MAX = 1_440;
const BUFFER_MINUTES_MAX = 240;
const SLOTS_MAX = 50;
const TIME_OF_DAY = /^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

/** "09:30" → minutes since midnight. */
const timeOfDay = z
  .string()
  .regex(TIME_OF_DAY, 'must be a time of day from 00:00 to 24:00, like 09:30')
  .meta({ example: '09:00' })
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const workingHours = z
  .strictObject({
    start: timeOfDay,
    end: timeOfDay,
    days: z
      .array(z.int().min(1).max(7))
      .min(1)
      .max(7)
      .meta({ description: '1 is Monday, 7 is Sunday; without it Monday to Friday' })
      .default([]),
  })
  .meta({ description: 'in the zone of each person; without it 09:00 to 17:00, Monday to Friday' });

const people = z.array(idField).max(PEOPLE_MAX);

export const freeSlotsSchema = z.strictObject({
  userIds: people.meta({ description: 'everyone who must come' }).default([]),
  groupId: idField.meta({ description: 'all its members must come' }).optional(),
  optionalUserIds: people.default([]),
  start: instantField,
  end: instantField,
  durationMinutes: z.int().min(1).max(DURATION_MINUTES_MAX),
  workingHours: workingHours.optional(),
  bufferMinutes: z
    .int()
    .min(0)
    .max(BUFFER_MINUTES_MAX)
    .meta({ description: 'kept free before and after' })
    .default(0),
  limit: z.int().min(1).max(SLOTS_MAX).default(10),
});

export const freeBusyQuerySchema = z.strictObject({
  users: z
    .string()
    .meta({ description: 'ids, separated by commas' })
    .transform((text, context) => {
      const parsed = z.array(idField).min(1).max(FREE_BUSY_PEOPLE_MAX).safeParse(text.split(','));
      if (parsed.success) return parsed.data;
      context.addIssue(`must be 1 to ${FREE_BUSY_PEOPLE_MAX} ids of users, separated by commas`);
      return z.NEVER;
    }),
  ...rangeFields,
  consistency: consistencyField,
});

const freeSlotAnswer = z
  .object({
    start: instantAnswer,
    end: instantAnswer,
    score: z.number().meta({ description: 'greater is better' }),
    reason: z.string(),
    missingUserIds: z.array(z.uuid()).meta({ description: 'optional people who cannot come' }),
  })
  .meta({ id: 'FreeSlot' });

const freeBusyAnswer = z
  .object({
    userId: z.uuid(),
    busy: z
      .array(z.object({ start: instantAnswer, end: instantAnswer }))
      .meta({ description: 'merged, in order' }),
  })
  .meta({ id: 'FreeBusy' });

export const freeSlotsAnswer = z
  .object({ items: z.array(freeSlotAnswer).meta({ description: 'best first' }) })
  .meta({ id: 'FreeSlots' });
export const freeBusyListAnswer = z.object({ items: z.array(freeBusyAnswer) }).meta({ id: 'FreeBusyList' });

export type FreeSlotAnswer = z.output<typeof freeSlotAnswer>;
export type FreeBusyAnswer = z.output<typeof freeBusyAnswer>;
