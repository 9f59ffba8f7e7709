import { Dialog } from '../../components/dialog.tsx';
import { LOCALE } from '../../locale.ts';
import { ConflictList } from './conflict-list.tsx';
import type { RefusedMove } from './use-move.ts';
import { formatSpan } from './zoned-time.ts';

interface MoveConflictDialogProps {
  readonly refused: RefusedMove;
  readonly timeZone: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function MoveConflictDialog({ refused, timeZone, onConfirm, onClose }: MoveConflictDialogProps) {
  const { item, times, conflicts } = refused;
  const when = formatSpan({ ...times, timeZone: item.timeZone }, timeZone, LOCALE);
  return (
    <Dialog title="Something is in the way" onClose={onClose} testId="move-conflict-dialog">
      <div className="dialog-body" role="alert">
        <p>
          “{item.title}” was not moved to {when}, because you have:
        </p>
        <ConflictList conflicts={conflicts} timeZone={timeZone} />
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={onClose} data-autofocus>
          Leave it where it was
        </button>
        <button type="button" className="button button-primary" onClick={onConfirm} data-testid="move-anyway">
          Move anyway
        </button>
      </footer>
    </Dialog>
  );
}
