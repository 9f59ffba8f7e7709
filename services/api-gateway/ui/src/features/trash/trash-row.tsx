import { ApiError, explain } from '../../api/problem.ts';
import type { AgendaItem } from '../../api/types.ts';
import { FormError } from '../../components/form-error.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { LOCALE, TIME_STYLE } from '../../locale.ts';
import { useAgenda } from '../../use-agenda.ts';
import { ConflictList } from '../calendar/conflict-list.tsx';
import { formatSpan } from '../calendar/zoned-time.ts';

/** One deleted appointment, and the way back. */
export function TrashRow({ item, timeZone }: { item: AgendaItem; timeZone: string }) {
  const { trash, toasts } = useAgenda();
  const submit = useSubmit();
  const conflicts = submit.failure instanceof ApiError ? submit.failure.conflicts : [];
  const inTheWay = conflicts.length > 0;
  const restore = async () => {
    const content = { restore: item.id, inTheWay };
    if (await submit.run(content, (key) => trash.restore(item.id, inTheWay, key))) {
      toasts.show('info', `“${item.title}” is back in your agenda.`);
    }
  };
  return (
    <li className="row" data-testid="trash-row">
      <span className="row-main">
        <strong>{item.title}</strong>
        <span>{formatSpan(item, timeZone, LOCALE, Date.now())}</span>
        {item.recurrence !== null && <span className="row-faint">repeats; this is its first time</span>}
        {item.deletedAt !== null && (
          <span className="row-faint">Deleted {formatMoment(item.deletedAt, timeZone)}</span>
        )}
      </span>
      <button
        type="button"
        className={inTheWay ? 'button button-small button-primary' : 'button button-small'}
        aria-label={`${inTheWay ? 'Restore anyway' : 'Restore'}: ${item.title}`}
        disabled={submit.busy}
        onClick={() => void restore()}
        data-testid="restore"
      >
        {submit.busy ? 'Restoring…' : inTheWay ? 'Restore anyway' : 'Restore'}
      </button>
      <div className="row-below">
        <FormError>
          {inTheWay ? (
            <>
              <p>At this time you have by now:</p>
              <ConflictList conflicts={conflicts} timeZone={timeZone} />
            </>
          ) : (
            submit.failure !== null && explain(submit.failure)
          )}
        </FormError>
      </div>
    </li>
  );
}

function formatMoment(instant: string, timeZone: string): string {
  const style = { day: 'numeric', month: 'short', ...TIME_STYLE, timeZone } as const;
  return new Intl.DateTimeFormat(LOCALE, style).format(Date.parse(instant));
}
