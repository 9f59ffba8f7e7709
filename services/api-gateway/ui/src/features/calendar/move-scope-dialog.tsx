import type { Scope } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { LOCALE } from '../../locale.ts';
import { ScopeChoice } from '../repetition/scope-choice.tsx';
import type { AskedMove } from './use-move.ts';
import { formatSpan } from './zoned-time.ts';

interface MoveScopeDialogProps {
  readonly asked: AskedMove;
  readonly timeZone: string;
  readonly onChoose: (scope: Scope) => void;
  readonly onClose: () => void;
}

/** After a drag of what repeats. */
export function MoveScopeDialog({ asked, timeZone, onChoose, onClose }: MoveScopeDialogProps) {
  const { item, times, scopes } = asked;
  const when = formatSpan({ ...times, timeZone: item.timeZone }, timeZone, LOCALE);
  return (
    <Dialog title={`Move “${item.title}”`} onClose={onClose} testId="move-scope-dialog">
      <div className="dialog-body">
        <p>To {when}. It repeats.</p>
      </div>
      <ScopeChoice
        question="Which are to be moved?"
        scopes={scopes}
        action="Move"
        back="Leave it where it was"
        busy={false}
        onChoose={onChoose}
        onBack={onClose}
      />
    </Dialog>
  );
}
