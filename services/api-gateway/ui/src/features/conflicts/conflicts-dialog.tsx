import '../../styles/conflicts.css';
import { useEffect } from 'react';
import type { AgendaItem, User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { FormError } from '../../components/form-error.tsx';
import { Icon } from '../../components/icon.tsx';
import { LOCALE } from '../../locale.ts';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { formatSpan } from '../calendar/zoned-time.ts';
import { type ConflictPair, standingOf } from './conflict-pairs.ts';
import { type ConflictsState, mayLookFurther, WEEKS } from './conflicts-store.ts';

interface ConflictsDialogProps {
  readonly user: User;
  /** Looks this far at least; null: as usual. */
  readonly until: string | null;
  readonly onChoose: (item: AgendaItem) => void;
  readonly onClose: () => void;
}

/** What is in each other's way in the own agenda, two by two. */
export function ConflictsDialog({ user, until, onChoose, onClose }: ConflictsDialogProps) {
  const { conflicts } = useAgenda();
  const state = useStore(conflicts.state);
  useEffect(() => {
    void conflicts.open(until);
    return () => conflicts.close();
  }, [conflicts, until]);
  return (
    <Dialog title="Conflicts" onClose={onClose} testId="conflicts-dialog">
      <div className="dialog-body" aria-busy={state.loading}>
        <p className="dialog-lead" role="status" data-testid="conflicts-said">
          {said(state)}
        </p>
        <FormError>{state.error}</FormError>
        <ul className="conflict-pairs" data-testid="conflict-pairs">
          {state.pairs.map((pair) => (
            <Pair key={pair.key} pair={pair} user={user} onChoose={onChoose} />
          ))}
        </ul>
        {mayLookFurther(state) && (
          <button
            type="button"
            className="button button-quiet button-wide"
            disabled={state.loading}
            onClick={() => void conflicts.loadMore()}
            data-testid="more-conflicts"
          >
            {state.loading ? 'Looking…' : `Look through ${WEEKS} more weeks`}
          </button>
        )}
      </div>
    </Dialog>
  );
}

interface PairProps {
  readonly pair: ConflictPair;
  readonly user: User;
  readonly onChoose: (item: AgendaItem) => void;
}

function Pair({ pair, user: { id, timeZone }, onChoose }: PairProps) {
  const nowMs = Date.now();
  const bothAllDay = pair.first.allDay && pair.second.allDay;
  const shared = { ...pair, allDay: bothAllDay, timeZone: pair.second.timeZone };
  return (
    <li className="conflict-pair" data-testid="conflict-pair">
      <p className="conflict-when">
        <Icon name="warning" />
        {formatSpan(shared, timeZone, LOCALE, nowMs)}
      </p>
      <ul className="rows">
        {[pair.first, pair.second].map((item, at) => (
          <li key={at === 0 ? 'first' : 'second'}>
            <button
              type="button"
              className="row row-button"
              onClick={() => onChoose(item)}
              data-testid="conflict-item"
            >
              <span className="row-main">
                <strong>{item.title}</strong>
                <span>
                  {formatSpan(item, timeZone, LOCALE, nowMs)} · {standingOf(item, id)}
                </span>
              </span>
              <Icon name="right" />
            </button>
          </li>
        ))}
      </ul>
    </li>
  );
}

function said({ pairs, weeks, known, loading }: ConflictsState): string {
  if (!known) return loading ? 'Looking…' : '';
  if (pairs.length === 0) return `Nothing overlaps in your agenda in the next ${weeks} weeks.`;
  const times = pairs.length === 1 ? 'One time is' : `${pairs.length} times are`;
  return `${times} taken twice in the next ${weeks} weeks. Choose what to look at, or to change.`;
}
