import type { AgendaItem } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Icon } from '../../components/icon.tsx';
import { LOCALE } from '../../locale.ts';
import { AppointmentPeople } from '../calendar/appointment-people.tsx';
import { formatSpan } from '../calendar/zoned-time.ts';

interface EntryDialogProps {
  readonly item: AgendaItem;
  /** In whose agenda it stands. */
  readonly names: string;
  readonly timeZone: string;
  readonly onClose: () => void;
}

/** What stands in somebody else's agenda, to be read. */
export function EntryDialog({ item, names, timeZone, onClose }: EntryDialogProps) {
  return (
    <Dialog
      title={item.busyOnly ? 'Busy' : item.title}
      view={item.id}
      onClose={onClose}
      testId="entry-dialog"
    >
      <div className="dialog-body">
        <p>
          <strong>{formatSpan(item, timeZone, LOCALE)}</strong>
        </p>
        {item.location !== '' && (
          <p className="entry-place">
            <Icon name="pin" />
            {item.location}
          </p>
        )}
        {item.description !== '' && <p className="as-written">{item.description}</p>}
        <AppointmentPeople appointment={item} />
        <p className="dialog-lead">
          It stands in the agenda of {names}.{' '}
          {item.busyOnly ? 'More of it is private.' : 'Only its owner can change it.'}
        </p>
      </div>
    </Dialog>
  );
}
