import { hostPort, readEnvironmentOrExit, secretPair } from '@agenda/service-kit/environment';
import { z } from 'zod';

/** As the pod that is asked has them. */
export const environmentSchema = z.object({
  SIDECAR_GRPC_ADDR: hostPort('127.0.0.1:7100'),
  AGENDA_GRPC_ADDR: hostPort('127.0.0.1:7101'),
  CLUSTER_HMAC_SECRET: secretPair(32),
});

export type Config = Readonly<z.output<typeof environmentSchema>>;

export function readConfig(): Config {
  return readEnvironmentOrExit(environmentSchema);
}
