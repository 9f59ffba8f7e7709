import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import {
  hostPort,
  integer,
  readEnvironmentOrExit,
  secret,
  secretPair,
} from '@agenda/service-kit/environment';
import { LOG_LEVELS } from '@agenda/service-kit/logger';
import { z } from 'zod';

/** The content of the file that a variable names. */
function fileContent() {
  return z.string().transform((path, context) => {
    try {
      return readFileSync(path);
    } catch (error) {
      context.addIssue(`names a file that cannot be read: ${(error as Error).message}`);
      return z.NEVER;
    }
  });
}

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
    TLS_CERT_FILE: fileContent().optional(),
    TLS_KEY_FILE: fileContent().optional(),
    RATE_LIMIT_PER_USER_PER_SECOND: integer(1, 1_000_000, 500),
    /** Logins and registrations from one address. */
    RATE_LIMIT_LOGINS_PER_MINUTE: integer(1, 1_000_000, 300),
    /** Per user, but feeds: per network. */
    RATE_LIMIT_SEARCHES_PER_MINUTE: integer(1, 1_000_000, 600),
    RATE_LIMIT_FREE_SLOTS_PER_MINUTE: integer(1, 1_000_000, 120),
    RATE_LIMIT_IMPORTS_PER_MINUTE: integer(1, 1_000_000, 20),
    RATE_LIMIT_EXPORTS_PER_MINUTE: integer(1, 1_000_000, 60),
    RATE_LIMIT_FEEDS_PER_MINUTE: integer(1, 1_000_000, 300),
    /** Shorter than what lies between (load balancers, NAT) forgets an idle connection. */
    WEBSOCKET_HEARTBEAT_MS: integer(100, 600_000, 20_000),
    LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  })
  .refine((env) => (env.TLS_CERT_FILE === undefined) === (env.TLS_KEY_FILE === undefined), {
    path: ['TLS_CERT_FILE'],
    error: 'and TLS_KEY_FILE go together: set both or none',
  })
  .superRefine(({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key }, context) => {
    if (!cert || !key) return;
    try {
      createSecureContext({ cert, key });
    } catch (error) {
      const message = `and TLS_KEY_FILE must be a certificate and its key in PEM: ${(error as Error).message}`;
      context.addIssue({ code: 'custom', path: ['TLS_CERT_FILE'], message });
    }
  });

export type Config = Readonly<z.output<typeof environmentSchema>>;

export function readConfig(): Config {
  return readEnvironmentOrExit(environmentSchema);
}
