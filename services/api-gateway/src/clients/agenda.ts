/** The gateway's calls to its pod's agenda: carried, each with its deadline. */
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import type { CallOptions, GrpcChannel, UnaryClient } from '@agenda/service-kit/grpc-client';
import type { RequestContext } from '../middleware/context.ts';

const WRITE_DEADLINE_MS = 5_000;
const READ_DEADLINE_MS = 3_000;

export type AgendaCalls = UnaryClient<typeof AgendaServiceService>;

export class AgendaClient {
  readonly calls: AgendaCalls;

  constructor(channel: GrpcChannel) {
    this.calls = channel.carried(AgendaServiceService);
  }

  /** @throws ServiceError never of unknown outcome: a read that is not answered has done nothing. */
  async read<T>(
    context: RequestContext,
    call: (calls: AgendaCalls, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    try {
      return await call(this.calls, { deadlineMs: READ_DEADLINE_MS, requestId: context.state.requestId });
    } catch (error) {
      throw error instanceof ServiceError && error.outcomeUnknown ? ofRead(error) : error;
    }
  }

  /** @throws ServiceError `timeout` whenever it is unknown whether the write took effect. */
  async write<T>(
    context: RequestContext,
    call: (calls: AgendaCalls, options: CallOptions) => Promise<T>,
  ): Promise<T> {
    try {
      return await call(this.calls, { deadlineMs: WRITE_DEADLINE_MS, requestId: context.state.requestId });
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'unavailable' && error.outcomeUnknown)
        throw new ServiceError('timeout', 'the agenda of this node went away meanwhile', { cause: error });
      throw error;
    }
  }
}

function ofRead(cause: ServiceError): ServiceError {
  const { code, message, retryAfterMs } = cause;
  return new ServiceError(code, message, {
    nothingDone: true,
    cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
