import type { FieldError } from '@agenda/service-kit/errors';

/** What can still be the name or the password of somebody; the rules for new ones are stricter. */
export const LOGIN_NAME_LENGTH_MAX = 64;
export const PASSWORD_LENGTH_MAX = 256;

/** Neither empty nor longer than `max`. */
export function lengthErrors(text: string, path: string, max: number): FieldError[] {
  if (text === '') return [{ path, message: 'is missing' }];
  if (text.length > max) return [{ path, message: `must have at most ${max} characters` }];
  return [];
}
