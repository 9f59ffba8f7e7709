import { ApiError, explain } from '../../api/problem.ts';
import type { AgendaItem } from '../../api/types.ts';
import { FormError } from '../../components/form-error.tsx';
import { LOCALE } from '../../locale.ts';
import { ConflictList } from './conflict-list.tsx';
import { formatSpan } from './zoned-time.ts';

interface AppointmentFailureProps {
  readonly failure: unknown;
  readonly current: AgendaItem | null;
  readonly timeZone: string;
}

/** Why it was not saved, and what can be done. */
export function AppointmentFailure({ failure, current, timeZone }: AppointmentFailureProps) {
  return <FormError>{failure === null ? null : content()}</FormError>;

  function content() {
    if (!(failure instanceof ApiError)) return explain(failure);
    if (failure.conflicts.length > 0) {
      return (
        <>
          <p>At this time you already have:</p>
          <ConflictList conflicts={failure.conflicts} timeZone={timeZone} />
        </>
      );
    }
    if (failure.code === 'version_mismatch' && current !== null) {
      return (
        <p>
          It was changed somewhere else in the meantime and is now “{current.title}”,{' '}
          {formatSpan(current, timeZone, LOCALE)}. Try again to put what stands here in its place, or close to
          leave it.
        </p>
      );
    }
    return <p>{explain(failure)}</p>;
  }
}
