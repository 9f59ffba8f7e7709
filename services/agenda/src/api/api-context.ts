import type { CallContext } from '@agenda/service-kit/grpc-server';
import type { NodeEventRecorder } from '../outbox/node-event-recorder.ts';
import type { Queries } from '../queries/queries.ts';
import type { SearchIndex } from '../search/search-index.ts';
import type { FeedSecrets } from './feed-secrets.ts';
import type { Passwords } from './passwords.ts';
import type { Reads } from './reads.ts';
import type { Writes } from './writes.ts';

/** What the handlers share. */
export interface ApiContext {
  readonly queries: Queries;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly passwords: Passwords;
  readonly feedSecrets: FeedSecrets;
  readonly searchIndex: SearchIndex;
  readonly nodeEvents: Pick<NodeEventRecorder, 'record'>;
}

export type Handler<Q, S> = (request: Q, call: CallContext) => Promise<S>;
