/** How the core's refusals reach callers. In all of these nothing was appended. */
import { ServiceError } from '@agenda/service-kit/errors';
import type { ProposalRefusal, ReadRefusal } from '../core/types.ts';

const RETRY_NO_LEADER_MS = 500;
const RETRY_OVERLOADED_MS = 1_000;

export function noLeader(message: string): ServiceError {
  return new ServiceError('no_leader', message, { retryAfterMs: RETRY_NO_LEADER_MS });
}

export function overloaded(message: string): ServiceError {
  return new ServiceError('overloaded', message, { retryAfterMs: RETRY_OVERLOADED_MS });
}

export function refusalError(refusal: ProposalRefusal | ReadRefusal | 'aborted' | 'stopped'): ServiceError {
  switch (refusal) {
    case 'notLeader':
      return noLeader('this node is not the leader');
    case 'aborted':
      return noLeader('this node lost its leadership meanwhile');
    case 'transferring':
      return noLeader('leadership is being handed over');
    case 'stopped':
      return noLeader('this node is stopping');
    case 'overloaded':
      return overloaded('too much is under way on the leader');
    case 'membershipChangePending':
      return new ServiceError(
        'unprocessable',
        'another change of the membership is not committed yet; try again when it is',
        { retryAfterMs: RETRY_NO_LEADER_MS },
      );
    case 'membershipChangeInvalid':
      return new ServiceError('unprocessable', 'this change would leave no voter');
  }
}
