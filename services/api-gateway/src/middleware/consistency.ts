/** How fresh a read must be: linearizable, stale, or at least as fresh as an index that the client has seen. */
import { type Caller, Consistency, type ReadContext } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import type { RequestContext } from './context.ts';

const MIN_INDEX_HEADER = 'X-Agenda-Min-Index';
const INDEX = /^\d{1,15}$/;

/** @throws ServiceError `invalid_argument` */
export function readContext(context: RequestContext): ReadContext {
  const caller = callerOf(context);
  const wanted = context.query.consistency;
  if (wanted === 'stale') return { caller, consistency: Consistency.CONSISTENCY_STALE, minIndex: 0 };
  if (wanted !== undefined && wanted !== 'linearizable')
    throw invalid('consistency', 'must be linearizable (the default) or stale');
  const minIndex = context.get(MIN_INDEX_HEADER);
  if (minIndex === '' || wanted === 'linearizable')
    return { caller, consistency: Consistency.CONSISTENCY_LINEARIZABLE, minIndex: 0 };
  if (!INDEX.test(minIndex)) throw invalid(MIN_INDEX_HEADER, 'must be an index as X-Agenda-Index gave it');
  return { caller, consistency: Consistency.CONSISTENCY_UNSPECIFIED, minIndex: Number(minIndex) };
}

export function callerOf({ state }: RequestContext): Caller {
  const { principal, address } = state;
  return {
    userId: principal?.userId ?? '',
    sessionId: principal?.sessionId ?? '',
    username: principal?.username ?? '',
    address,
    tool: '',
  };
}

function invalid(path: string, message: string): ServiceError {
  return new ServiceError('invalid_argument', `${path} ${message}`, { fields: [{ path, message }] });
}
