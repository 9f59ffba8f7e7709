/** Zod's findings as one error that names every wrong field. */
import { type FieldError, ServiceError } from '@agenda/service-kit/errors';
import type { z } from 'zod';

/** @throws ServiceError `invalid_argument` */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  // With its input, or what is of the wrong type could not be told from what is missing.
  const parsed = schema.safeParse(input, { reportInput: true });
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.flatMap(fieldErrors);
  const message = fields.map((field) => `${field.path || 'the body'} ${field.message}`).join('; ');
  throw new ServiceError('invalid_argument', message, { fields });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: path ? `${path}.${key}` : key,
      message: 'is not a field of this request',
    }));
  return [{ path, message: messageOf(issue) }];
}

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${withArticle(issue.expected)}`;
    case 'too_small':
      return bound('least', issue.origin, Number(issue.minimum));
    case 'too_big':
      return bound('most', issue.origin, Number(issue.maximum));
    case 'invalid_value':
      return `must be ${issue.values.join(' or ')}`;
    default:
      return issue.message;
  }
}

function withArticle(type: string): string {
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** @param origin what is bounded: a text has characters, a list items, and a number is at least or at most. */
function bound(side: 'least' | 'most', origin: string, limit: number): string {
  if (origin === 'number' || origin === 'int') return `must be at ${side} ${limit}`;
  return `must have at ${side} ${limit} ${unit(origin, limit)}`;
}

function unit(origin: string, count: number): string {
  if (origin !== 'string') return 'items';
  return count === 1 ? 'character' : 'characters';
}
