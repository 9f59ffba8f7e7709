/** What a command is. */
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';

export interface Pod {
  readonly agenda: GrpcChannel;
  readonly sidecar: GrpcChannel;
}

export interface Command {
  readonly usage: string;
  readonly help: string;
  readonly parameters: { readonly min: number; readonly max: number };
  /** @returns what is printed. */
  readonly run: (pod: Pod, args: readonly string[]) => Promise<string>;
}

/** What was asked for is not possible in these words. */
export class UsageError extends Error {}
