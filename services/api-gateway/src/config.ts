import {
  hostPort,
  integer,
  readEnvironmentOrExit,
  secret,
  secretPair,
} from '@agenda/service-kit/environment';
import { LOG_LEVELS } from '@agenda/service-kit/logger';
import { z } from 'zod';

/** The variables that this service reads. */
export const environmentSchema = z
  .object({
    NODE_ID: z
      .string({ error: 'is missing: a name such as agenda-1' })
      .regex(/^[a-z0-9-]{1,63}$/, 'must be 1 to 63 of a–z, 0–9 and "-"'),
    HTTP_ADDR: hostPort('0.0.0.0:8080'),
    AGENDA_GRPC_ADDR: hostPort('127.0.0.1:7101'),
    SIDECAR_GRPC_ADDR: hostPort('127.0.0.1:7100'),
    AUDIT_GRPC_ADDR: hostPort('127.0.0.1:7102'),
    CLUSTER_HMAC_SECRET: secretPair(32),
    JWT_SECRET: secretPair(32),
    AUDIT_API_TOKEN: secret(16),
    /** Both or none: HTTPS. */
    TLS_CERT_FILE: z.string().optional(),
    TLS_KEY_FILE: z.string().optional(),
    RATE_LIMIT_PER_USER_PER_SECOND: integer(1, 1_000_000, 500),
    /** Logins and registrations from one address. */
    RATE_LIMIT_LOGINS_PER_MINUTE: integer(1, 1_000_000, 300),
    LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  })
  .refine((env) => (env.TLS_CERT_FILE === undefined) === (env.TLS_KEY_FILE === undefined), {
    path: ['TLS_CERT_FILE'],
    error: 'and TLS_KEY_FILE go together: set both or none',
  });

export type Config = Readonly<z.output<typeof environmentSchema>>;

export function readConfig(): Config {
  return readEnvironmentOrExit(environmentSchema);
}
