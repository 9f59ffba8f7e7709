/** The environment of this service, read once. */
import {
  hostPort,
  hostPortList,
  integer,
  readEnvironmentOrExit,
  secretPair,
} from '@agenda/service-kit/environment';
import { LOG_LEVELS } from '@agenda/service-kit/logger';
import { z } from 'zod';

const VOTERS_EXPECTED_MAX = 9;

/** The variables that this service reads. */
export const environmentSchema = z
  .object({
    NODE_ID: z
      .string({ error: 'is missing: a name such as agenda-1' })
      .regex(/^[a-z0-9-]{1,63}$/, 'must be 1 to 63 of a-z, 0-9 and "-"'),
    ADVERTISE_ADDR: hostPort(),
    HTTP_ADDR: hostPort('0.0.0.0:8080'),
    PEER_ADDR: hostPort('0.0.0.0:7000'),
    SIDECAR_GRPC_ADDR: hostPort('127.0.0.1:7100'),
    AUDIT_GRPC_ADDR: hostPort('127.0.0.1:7102'),
    DATA_DIR: z.string({ error: 'is missing: the directory that keeps the data' }).min(1),
    BOOTSTRAP_EXPECT: integer(1, VOTERS_EXPECTED_MAX, 1),
    CLUSTER_HMAC_SECRET: secretPair(32),
    DISCOVERY_SEEDS: hostPortList(),
    ELECTION_TIMEOUT_MS: integer(50, 60_000, 300),
    HEARTBEAT_MS: integer(10, 10_000, 50),
    LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  })
  .refine((env) => env.ELECTION_TIMEOUT_MS >= 3 * env.HEARTBEAT_MS, {
    path: ['ELECTION_TIMEOUT_MS'],
    error: 'must be at least three times HEARTBEAT_MS, so that one lost heartbeat starts no election',
  });

export type Config = Readonly<z.output<typeof environmentSchema>>;

/** Prints everything that is wrong and exits with 78, or returns. */
export function readConfig(): Config {
  return readEnvironmentOrExit(environmentSchema);
}
