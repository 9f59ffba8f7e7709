/** Edits of a series from one occurrence on: what is left of it is computed here, for the version that was read. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Consistency } from '@agenda/proto/agenda/v1/agenda';
import { type AppointmentFields, type CommandResult, OccurrenceScope } from '@agenda/proto/agenda/v1/command';
import type { Recurrence } from '@agenda/proto/agenda/v1/model';
import type { FieldError } from '@agenda/service-kit/errors';
import { movedDates, type Split, splitSeries } from '../calendar/series-split.ts';
import type { ApiContext } from './api-context.ts';
import { assertValid } from './invalid.ts';
import { seriesOf } from './occurrences.ts';
import type { WriteCall } from './writes.ts';

/** For a caller who named no version, while others keep changing it. */
const ATTEMPTS_MAX = 4;

const { OCCURRENCE_SCOPE_THIS, OCCURRENCE_SCOPE_THIS_AND_FOLLOWING } = OccurrenceScope;

export interface SplitOfSeries extends Split {
  /** What is split. */
  readonly whole: Recurrence;
}

interface Edit {
  readonly appointmentId: string;
  readonly expectedVersion?: number | undefined;
  readonly scope: OccurrenceScope;
  readonly recurrenceStartMs: number;
}

export function scopeErrors({ scope, recurrenceStartMs }: Edit): FieldError[] {
  const single = scope === OCCURRENCE_SCOPE_THIS || scope === OCCURRENCE_SCOPE_THIS_AND_FOLLOWING;
  if (single && recurrenceStartMs <= 0)
    return [{ path: 'recurrenceStart', message: 'must be the start of the occurrence that is meant' }];
  if (!single && recurrenceStartMs !== 0)
    return [{ path: 'recurrenceStart', message: 'must be left out unless scope is this or following' }];
  return [];
}

/**
 * @param submit proposes it; `split` is undefined if nothing is split: the scope is another one, or it is not the
 * caller's series, which apply then refuses.
 * @throws ServiceError of a linearizable read, and `invalid_argument`.
 */
export async function submitEdit(
  api: ApiContext,
  write: WriteCall,
  edit: Edit,
  submit: (
    write: WriteCall,
    split: SplitOfSeries | undefined,
    expectedVersion: number | undefined,
  ) => Promise<CommandResult>,
): Promise<CommandResult> {
  const { appointmentId, expectedVersion, scope, recurrenceStartMs } = edit;
  if (scope !== OCCURRENCE_SCOPE_THIS_AND_FOLLOWING) return submit(write, undefined, expectedVersion);
  for (let attempt = 1; ; attempt++) {
    const { caller } = write;
    await api.reads.fresh({ caller, consistency: Consistency.CONSISTENCY_LINEARIZABLE, minIndex: 0 }, write);
    const stored = api.queries.series.byId(appointmentId);
    const call = attemptOf(write, attempt);
    if (stored?.ownerId !== caller.userId) return submit(call, undefined, expectedVersion);
    const whole = stored.recurrence;
    const split = splitSeries(seriesOf(stored, whole), recurrenceStartMs);
    if ('problem' in split) assertValid([{ path: 'recurrence.rule', message: split.problem }]);
    const result = await submit(
      call,
      'value' in split ? { ...split.value, whole } : undefined,
      expectedVersion ?? stored.version,
    );
    const isStale = result.outcome?.$case === 'refusal' && result.outcome.value.code === 'version_mismatch';
    if (!isStale || expectedVersion !== undefined || attempt === ATTEMPTS_MAX) return result;
  }
}

/**
 * The dates that a series is to have beside its rule, once it, or the rest of it, is changed.
 *
 * Single occurrences that were changed give way when the series takes other times: apply discards them. The pattern takes
 * their place, so it leaves out their starts no longer; those that were cancelled stay left out. Dates that the request
 * names as they stand move with the start.
 *
 * @param timed what the series becomes.
 * @throws ServiceError of a linearizable read.
 */
export async function withDatesKept(
  api: ApiContext,
  write: WriteCall,
  { appointmentId, recurrenceStartMs }: Edit,
  timed: AppointmentFields & { readonly recurrence: Recurrence },
  split: SplitOfSeries | undefined,
): Promise<Recurrence> {
  const { rule, addedMs, excludedMs } = timed.recurrence;
  if (addedMs.length === 0 && excludedMs.length === 0) return timed.recurrence;
  const { caller } = write;
  await api.reads.fresh({ caller, consistency: Consistency.CONSISTENCY_LINEARIZABLE, minIndex: 0 }, write);
  const singles = new Set(api.queries.series.singleStarts(appointmentId, recurrenceStartMs));
  const kept = excludedMs.filter((startMs) => !singles.has(startMs));
  const stored = api.queries.series.byId(appointmentId);
  const before = split?.after ?? (stored && seriesOf(stored, stored.recurrence));
  if (!before || !isDeepStrictEqual([addedMs, excludedMs], [before.addedMs, before.excludedMs]))
    return { rule, addedMs, excludedMs: kept };
  const moved = (dates: readonly number[]) => movedDates(dates, before, timed);
  return { rule, addedMs: moved(addedMs), excludedMs: moved(kept) };
}

/** A command id is answered once: another attempt needs another one, and a retry of the request the same ones. */
function attemptOf(write: WriteCall, attempt: number): WriteCall {
  const { context } = write;
  if (!context || attempt === 1) return write;
  const commandId = createHash('sha256').update(context.commandId).update(`attempt ${attempt}`).digest();
  return { ...write, context: { ...context, commandId: commandId.subarray(0, 16) } };
}
