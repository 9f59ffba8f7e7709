import { z } from 'zod';
import { LEVEL_VALUES } from '../views.ts';
import { consistencyField, cursorField, instantField, limitField } from './fields.ts';

const LIMIT_MAX = 500;
const text = z.string().max(200).default('');

export const auditQuerySchema = z.strictObject({
  from: instantField.optional(),
  to: instantField.optional(),
  actor: text,
  action: text,
  component: text,
  level: z.enum(Object.keys(LEVEL_VALUES) as (keyof typeof LEVEL_VALUES)[]).optional(),
  requestId: text,
  node: text,
  text,
  limit: limitField(LIMIT_MAX),
  cursor: cursorField,
  consistency: consistencyField,
});
