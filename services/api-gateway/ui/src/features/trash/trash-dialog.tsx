import { useEffect } from 'react';
import { Dialog } from '../../components/dialog.tsx';
import { FormError } from '../../components/form-error.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { TrashRow } from './trash-row.tsx';

interface TrashDialogProps {
  readonly timeZone: string;
  readonly onClose: () => void;
}

export function TrashDialog({ timeZone, onClose }: TrashDialogProps) {
  const { trash } = useAgenda();
  const { items, nextCursor, loading, error } = useStore(trash.state);
  useEffect(() => void trash.load(), [trash]);
  const empty = items.length === 0 && error === null;
  return (
    <Dialog title="Trash" onClose={onClose} testId="trash-dialog">
      <div className="dialog-body" aria-busy={loading}>
        <p className="dialog-lead">
          What you delete stays here for 30 days. Whoever was invited is asked again when it is restored.
        </p>
        <FormError>{error}</FormError>
        {empty && <p className="empty">{loading ? 'Loading…' : 'Nothing is in the trash.'}</p>}
        <ul className="rows" data-testid="trash">
          {items.map((item) => (
            <TrashRow key={item.id} item={item} timeZone={timeZone} />
          ))}
        </ul>
        {nextCursor !== null && (
          <button
            type="button"
            className="button button-quiet button-wide"
            disabled={loading}
            onClick={() => void trash.loadMore()}
          >
            Deleted before
          </button>
        )}
      </div>
    </Dialog>
  );
}
