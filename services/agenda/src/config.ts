import { flag, hostPort, readEnvironmentOrExit, secretPair } from '@agenda/service-kit/environment';
import { LOG_LEVELS } from '@agenda/service-kit/logger';
import { z } from 'zod';

const NODE_ID = /^[a-z0-9-]{1,63}$/;

/** The variables that this service reads. */
export const environmentSchema = z.object({
  NODE_ID: z
    .string({ error: 'is missing: a name such as agenda-1' })
    .regex(NODE_ID, 'must be 1 to 63 of a–z, 0–9 and "-"'),
  DATA_DIR: z.string({ error: 'is missing: the directory that keeps the data' }).min(1),
  AGENDA_GRPC_ADDR: hostPort('127.0.0.1:7101'),
  SIDECAR_GRPC_ADDR: hostPort('127.0.0.1:7100'),
  AUDIT_GRPC_ADDR: hostPort('127.0.0.1:7102'),
  CLUSTER_HMAC_SECRET: secretPair(32),
  CLUSTER_RECEIVER_OPTIONAL: flag(false),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
});

export type Config = Readonly<z.output<typeof environmentSchema>>;

export function readConfig(): Config {
  return readEnvironmentOrExit(environmentSchema);
}
