import { z } from 'zod';
import { LEVEL_VALUES, namesOf } from '../views/values.ts';
import { consistencyField, cursorField, instantAnswer, instantField, limitField, listOf } from './fields.ts';

const LIMIT_MAX = 500;
const text = z.string().max(200).default('');

export const auditQuerySchema = z.strictObject({
  from: instantField.optional(),
  to: instantField.optional(),
  actor: text,
  action: text.meta({ description: 'a trailing dot makes it a prefix' }),
  component: text,
  level: z.enum(namesOf(LEVEL_VALUES)).meta({ description: 'at least this' }).optional(),
  requestId: text,
  node: text,
  text,
  limit: limitField(LIMIT_MAX),
  cursor: cursorField,
  consistency: consistencyField,
});

const auditRecordAnswer = z
  .object({
    sequence: z.int().nullable().meta({ description: 'null: not yet in the chain' }),
    logIndex: z.int().nullable(),
    at: instantAnswer,
    level: z.enum(namesOf(LEVEL_VALUES)),
    component: z.string(),
    node: z.string(),
    actorId: z.string().nullable(),
    actorName: z.string().nullable(),
    action: z.string(),
    target: z.string().nullable(),
    requestId: z.string().nullable(),
    address: z.string().nullable(),
    detail: z.unknown(),
    outcome: z.string(),
    previousHash: z.string().meta({ description: 'SHA-256, hex' }),
    hash: z.string(),
  })
  .meta({ id: 'AuditRecord' });

export const auditLogsAnswer = listOf(auditRecordAnswer).meta({ id: 'AuditLogs' });

export type AuditRecordAnswer = z.output<typeof auditRecordAnswer>;
