import { z } from 'zod';
import { NOTIFICATION_VALUES, namesOf } from '../views/values.ts';
import { instantAnswer, listOf } from './fields.ts';

/** Where in the log it was written: log index and ordinal, as apply gives them. */
export const notificationIdField = z
  .string()
  .regex(/^\d{1,15}-\d{1,6}$/)
  .meta({ description: 'two numbers with a hyphen', example: '1024-0' });

const notificationAnswer = z
  .object({
    id: notificationIdField,
    kind: z
      .enum([...namesOf(NOTIFICATION_VALUES), 'unspecified'])
      .meta({ description: '`unspecified`: of a kind that this pod does not know yet' }),
    text: z.string().meta({ description: 'a sentence for people, in English' }),
    appointmentId: z.uuid().nullable(),
    groupId: z.uuid().nullable(),
    actorId: z.uuid().nullable().meta({ description: 'who caused it' }),
    createdAt: instantAnswer,
    readAt: instantAnswer.nullable(),
  })
  .meta({ id: 'Notification' });

export const notificationsAnswer = listOf(notificationAnswer).meta({ id: 'Notifications' });
export const unreadAnswer = notificationsAnswer
  .extend({ count: z.int().meta({ description: 'of all unread ones, not of this page' }) })
  .meta({ id: 'UnreadNotifications' });

export type NotificationAnswer = z.output<typeof notificationAnswer>;
