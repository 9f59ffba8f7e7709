import type { CommandResult, Refusal } from '@agenda/proto/agenda/v1/command';
import { ERROR_TABLE, type ErrorCode, ServiceError } from '@agenda/service-kit/errors';

type Outcome = NonNullable<CommandResult['outcome']>;
type OutcomeValue<C extends Outcome['$case']> = Extract<Outcome, { $case: C }>['value'];

/**
 * What apply computed, if it is of the kind that this command gives.
 *
 * @throws ServiceError with the refusal's own code when a domain rule said no.
 */
export function outcomeOf<C extends Outcome['$case']>(result: CommandResult, expected: C): OutcomeValue<C> {
  const { outcome } = result;
  if (outcome?.$case === 'refusal') throw refusalError(outcome.value);
  if (outcome?.$case === expected) return outcome.value as OutcomeValue<C>;
  // The same command id was first used for another kind of request, without fingerprints that would have told.
  throw new ServiceError('unprocessable', 'this command id was used before for a different kind of request');
}

function refusalError({ code, message, path, payload }: Refusal): ServiceError {
  return new ServiceError(code in ERROR_TABLE ? (code as ErrorCode) : 'internal', message, {
    ...(path === '' ? {} : { fields: [{ path, message }] }),
    ...(payload.length === 0 ? {} : { payload }),
  });
}
