import { z } from 'zod';
import { timeZoneField } from './fields.ts';

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
