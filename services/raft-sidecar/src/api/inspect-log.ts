/** Pages through the stored log, for operators. */

import type { Entry as WireEntry } from '@agenda/proto/raft/v1/entry';
import type { InspectLogRequest, InspectLogResponse } from '@agenda/proto/raft/v1/sidecar';
import { ServiceError } from '@agenda/service-kit/errors';
import type { LogStore } from '../storage/log-store.ts';
import { entryToWire } from '../transport/conversions.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
/** Of one answer; what is beyond comes with the next page. */
const PAGE_BYTES_MAX = 2 * 1024 * 1024;
const EMPTY = new Uint8Array(0);

export function inspectLog(store: LogStore, request: InspectLogRequest): InspectLogResponse {
  const { fromIndex, withPayload } = request;
  const limit = request.limit || LIMIT_DEFAULT;
  if (limit > LIMIT_MAX)
    throw new ServiceError('invalid_argument', `limit must be 1 to ${LIMIT_MAX}, not ${limit}`);
  const firstIndex = store.firstIndex();
  const from = Math.max(fromIndex, firstIndex);
  const entries = store.entries(from, from + limit - 1, PAGE_BYTES_MAX).map(entryToWire);
  return {
    entries: withPayload ? entries : entries.map(headerOf),
    firstIndex,
    lastIndex: store.lastIndex(),
  };
}

/** Without what is opaque; who votes is worth seeing. */
function headerOf(entry: WireEntry): WireEntry {
  const { payload } = entry;
  if (payload?.$case !== 'command' && payload?.$case !== 'checkpoint') return entry;
  return { ...entry, payload: { $case: payload.$case, value: EMPTY } };
}
