import type { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { ReadBarrier } from '../apply/read-barrier.ts';
import type { AuditFeed } from '../outbox/audit-feed.ts';
import type { EventFeed } from '../outbox/event-feed.ts';
import { accountHandlers } from './accounts.ts';
import { agendaListHandlers } from './agendas.ts';
import type { ApiContext } from './api-context.ts';
import { appointmentHandlers } from './appointments.ts';
import { calendarHandlers } from './calendars.ts';
import { CommandFactory } from './command-factory.ts';
import type { FeedSecrets } from './feed-secrets.ts';
import { feedHandlers } from './feeds.ts';
import { freeTimeHandlers } from './free-time.ts';
import { groupListHandlers } from './group-lists.ts';
import { groupHandlers } from './groups.ts';
import { nodeEventHandlers } from './node-events.ts';
import { notificationHandlers } from './notifications.ts';
import { Passwords } from './passwords.ts';
import { Reads } from './reads.ts';
import { sessionHandlers } from './sessions.ts';
import { type StatusSources, statusHandlers } from './status.ts';
import { Writes } from './writes.ts';

export interface ApiParts extends StatusSources {
  readonly nodeId: string;
  readonly barrier: ReadBarrier;
  readonly events: EventFeed;
  readonly auditFeed: AuditFeed;
  readonly searchIndex: ApiContext['searchIndex'];
  readonly nodeEvents: ApiContext['nodeEvents'];
  readonly feedSecrets: FeedSecrets;
}

/** The handlers of all topics. What a later version brings is missing here and answers `unimplemented`. */
export function agendaHandlers(parts: ApiParts): Handlers<AgendaServiceService> {
  const { nodeEvents, searchIndex, feedSecrets } = parts;
  const { queries, position } = parts.replica;
  const reads = new Reads(parts.barrier, position, queries);
  const writes = new Writes(new CommandFactory(parts.nodeId), parts.proposer);
  const passwords = new Passwords();
  const api: ApiContext = { queries, reads, writes, passwords, feedSecrets, searchIndex, nodeEvents };
  return {
    ...accountHandlers(api),
    ...sessionHandlers(api),
    ...appointmentHandlers(api),
    ...agendaListHandlers(api),
    ...freeTimeHandlers(api),
    ...calendarHandlers(api),
    ...groupHandlers(api),
    ...groupListHandlers(api),
    ...notificationHandlers(api),
    ...nodeEventHandlers(writes),
    ...statusHandlers(parts),
    ...feedHandlers(parts.events, parts.auditFeed),
  };
}
