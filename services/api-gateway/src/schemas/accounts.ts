import { z } from 'zod';
import { idField, instantAnswer, pageFields, timeZoneField, versionAnswer } from './fields.ts';

const username = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$/,
    'must have 3 to 64 of a–z, 0–9, ".", "_" and "-", and begin with a letter or digit',
  );
const newPassword = z.string().min(8).max(256);
const knownPassword = z.string().min(1).max(256);
const email = z.string().max(254);
const displayName = z.string().min(1).max(100);

export const registerSchema = z.strictObject({
  username,
  password: newPassword,
  email: email.nullish(),
  displayName: displayName.optional(),
  timeZone: timeZoneField.optional(),
});

export const loginSchema = z.strictObject({ username: z.string().min(1).max(64), password: knownPassword });

export const refreshSchema = z.strictObject({ refreshToken: z.string().min(1).max(4_096) });

export const profileSchema = z.strictObject({
  /** Null or empty: none from now on. */
  email: email.nullish(),
  displayName: displayName.optional(),
  timeZone: timeZoneField.optional(),
});

export const passwordSchema = z.strictObject({ currentPassword: knownPassword, newPassword });

export const usersQuerySchema = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'beginning of the user name, or of a word of the display name' }),
  ...pageFields,
});

export const userAnswer = z
  .object({
    id: z.uuid(),
    username: z.string(),
    email: z.string().nullable(),
    displayName: z.string(),
    timeZone: z.string(),
    role: z.enum(['member', 'operator']),
    version: versionAnswer,
    createdAt: instantAnswer,
    updatedAt: instantAnswer,
  })
  .meta({ id: 'User' });

export const personAnswer = z
  .object({ id: z.uuid(), username: z.string(), displayName: z.string(), timeZone: z.string() })
  .meta({ id: 'Person', description: 'a user as others see one' });

export const sessionAnswer = z
  .object({
    token: z.string().meta({ description: 'for Authorization: Bearer' }),
    refreshToken: z.string().meta({ description: 'works once, at POST /api/refresh' }),
    expiresInSeconds: z.int(),
    user: userAnswer,
  })
  .meta({ id: 'Session' });

export const ticketAnswer = z
  .object({ ticket: z.string(), expiresInSeconds: z.int() })
  .meta({ id: 'Ticket', description: 'opens one WebSocket on this pod: /ws?ticket=' });

/** Somebody named in a body. */
export const userIdSchema = z.strictObject({ userId: idField });

export type UserAnswer = z.output<typeof userAnswer>;
export type PersonAnswer = z.output<typeof personAnswer>;
