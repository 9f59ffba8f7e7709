import { hostPort, readEnvironmentOrExit, secretPair } from '@agenda/service-kit/environment';
import { z } from 'zod';

/** As the pod that is asked has them. */
export const environmentSchema = z.object({
  NODE_ID: z.string({ error: 'is missing: the name of the pod that is asked, such as agenda-1' }).min(1),
  SIDECAR_GRPC_ADDR: hostPort('127.0.0.1:7100'),
  AGENDA_GRPC_ADDR: hostPort('127.0.0.1:7101'),
  CLUSTER_HMAC_SECRET: secretPair(32),
});

export type Config = Readonly<z.output<typeof environmentSchema>>;

export function readConfig(): Config {
  return readEnvironmentOrExit(environmentSchema);
}
