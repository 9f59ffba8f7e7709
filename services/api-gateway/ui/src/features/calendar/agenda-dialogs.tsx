import type { FreeSlot } from '../../api/free-time-api.ts';
import type { AgendaItem, User } from '../../api/types.ts';
import { PasswordDialog } from '../account/password-dialog.tsx';
import { ProfileDialog } from '../account/profile-dialog.tsx';
import { CalendarsDialog } from '../calendars/calendars-dialog.tsx';
import { ConflictsDialog } from '../conflicts/conflicts-dialog.tsx';
import { FreeTimeDialog } from '../free-time/free-time-dialog.tsx';
import type { FreeTimeForm } from '../free-time/free-time-form.ts';
import { GroupsDialog } from '../groups/groups-dialog.tsx';
import { SearchDialog } from '../search/search-dialog.tsx';
import { EntryDialog } from '../shared-agenda/entry-dialog.tsx';
import { TrashDialog } from '../trash/trash-dialog.tsx';
import { AppointmentDialog } from './appointment-dialog.tsx';
import { MoveConflictDialog } from './move-conflict-dialog.tsx';
import { MoveScopeDialog } from './move-scope-dialog.tsx';
import type { OpenDialog } from './use-agenda-dialog.ts';
import type { Move } from './use-move.ts';

interface AgendaDialogsProps {
  readonly dialog: OpenDialog | null;
  readonly move: Move;
  readonly user: User;
  /** Shows its day, and opens it. */
  readonly onGoTo: (item: AgendaItem) => void;
  readonly onFindTime: (groupId: string) => void;
  readonly onBook: (slot: FreeSlot, form: FreeTimeForm) => void;
  /** @param until Of the conflict that is to be seen. */
  readonly onConflicts: (until: string) => void;
  readonly onClose: () => void;
}

export function AgendaDialogs({
  dialog,
  move,
  user,
  onGoTo,
  onFindTime,
  onBook,
  onConflicts,
  onClose,
}: AgendaDialogsProps) {
  return (
    <>
      {dialog?.kind === 'appointment' && (
        <AppointmentDialog target={dialog.target} user={user} onConflicts={onConflicts} onClose={onClose} />
      )}
      {dialog?.kind === 'entry' && (
        <EntryDialog item={dialog.item} names={dialog.names} timeZone={user.timeZone} onClose={onClose} />
      )}
      {dialog?.kind === 'groups' && (
        <GroupsDialog
          key={dialog.groupId}
          user={user}
          groupId={dialog.groupId}
          onAgenda={onClose}
          onFindTime={onFindTime}
          onClose={onClose}
        />
      )}
      {dialog?.kind === 'free-time' && (
        <FreeTimeDialog user={user} start={dialog.form} onChoose={onBook} onClose={onClose} />
      )}
      {dialog?.kind === 'conflicts' && (
        <ConflictsDialog user={user} until={dialog.until} onChoose={onGoTo} onClose={onClose} />
      )}
      {dialog?.kind === 'search' && (
        <SearchDialog timeZone={user.timeZone} onChoose={onGoTo} onClose={onClose} />
      )}
      {dialog?.kind === 'trash' && <TrashDialog timeZone={user.timeZone} onClose={onClose} />}
      {dialog?.kind === 'calendars' && <CalendarsDialog user={user} onClose={onClose} />}
      {dialog?.kind === 'profile' && <ProfileDialog user={user} onClose={onClose} />}
      {dialog?.kind === 'password' && <PasswordDialog onClose={onClose} />}
      {move.asked !== null && (
        <MoveScopeDialog
          asked={move.asked}
          timeZone={user.timeZone}
          onChoose={move.choose}
          onClose={move.giveUp}
        />
      )}
      {move.refused !== null && (
        <MoveConflictDialog
          refused={move.refused}
          timeZone={user.timeZone}
          onConfirm={move.confirm}
          onClose={move.giveUp}
        />
      )}
    </>
  );
}
