import { z } from 'zod';
import { consistencyField, limitField, pageFields, wholeNumberField } from './fields.ts';

const SYNC_LIMIT_MAX = 500;

export const searchQuerySchema = z.strictObject({
  q: z
    .string()
    .min(1)
    .max(200)
    .regex(/[\p{L}\p{N}\p{M}]/u, 'must have a letter or digit')
    .meta({ description: 'words of title, description and location' }),
  ...pageFields,
});

export const syncQuerySchema = z.strictObject({
  since: wholeNumberField(0, Number.MAX_SAFE_INTEGER).meta({
    description: '`index` of the last answer; without it, or 0: everything',
  }),
  limit: limitField(SYNC_LIMIT_MAX),
  consistency: consistencyField,
});
