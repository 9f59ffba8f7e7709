import { z } from 'zod';
import { consistencyField, idField, rangeFields } from './fields.ts';

export const exportQuerySchema = z.strictObject({
  ...rangeFields,
  group: idField
    .meta({ description: 'the appointments of this group instead of your own agenda' })
    .optional(),
  consistency: consistencyField,
});

export const importAnswer = z
  .object({
    taken: z.int(),
    skipped: z.int(),
    components: z.array(
      z.object({
        uid: z.string().nullable(),
        appointmentId: z.uuid().nullable().meta({ description: 'null: skipped' }),
        reason: z.string().nullable().meta({ description: 'why it was skipped, or what was left out' }),
      }),
    ),
  })
  .meta({ id: 'ImportReport' });

export const feedAnswer = z
  .object({
    path: z.string().meta({
      description: 'the secret address of the feed on this host; shown this once. Who has it can read.',
      example: '/feeds/3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.ics',
    }),
  })
  .meta({ id: 'Feed' });

export const calendarText = z.string().meta({ description: 'iCalendar (RFC 5545)' });

export type ImportAnswer = z.output<typeof importAnswer>;
