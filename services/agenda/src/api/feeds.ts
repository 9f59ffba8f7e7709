import type { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { AuditFeed } from '../outbox/audit-feed.ts';
import type { EventFeed } from '../outbox/event-feed.ts';

/** Open streams of events: the pod's gateway, and tools that watch. */
const EVENT_STREAMS_MAX = 16;

export function feedHandlers(events: EventFeed, audit: AuditFeed): Handlers<AgendaServiceService> {
  const admit = (): void => {
    if (events.subscriberCount >= EVENT_STREAMS_MAX)
      throw new ServiceError('overloaded', `more than ${EVENT_STREAMS_MAX} streams of events`, {
        retryAfterMs: 1_000,
      });
  };
  return {
    events: async (request, stream) => {
      admit();
      await events.serve(request, stream);
    },
    watchEvents: async (stream) => {
      admit();
      await events.watch(stream);
    },
    auditFeed: async (request, stream, { nodeId }) => {
      await audit.serve(request, stream, nodeId);
    },
  };
}
