import type { FormEvent } from 'react';
import { ApiError } from '../../api/problem.ts';
import type { AgendaItem, User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { AppointmentFailure } from './appointment-failure.tsx';
import { AppointmentFields } from './appointment-fields.tsx';
import { AppointmentFoot } from './appointment-foot.tsx';
import { AppointmentPeople } from './appointment-people.tsx';
import { InvitationFoot } from './invitation-foot.tsx';
import { type AppointmentTarget, useAppointmentForm } from './use-appointment-form.ts';

interface AppointmentDialogProps {
  readonly target: AppointmentTarget;
  readonly user: User;
  readonly onClose: () => void;
}

/** Adds, shows, changes and deletes one appointment. */
export function AppointmentDialog({ target, user, onClose }: AppointmentDialogProps) {
  const form = useAppointmentForm(target, user, onClose);
  const { base, submit } = form;
  const mayEdit = base === null || (base.ownerId === user.id && !base.busyOnly);
  const inTheWay = submit.failure instanceof ApiError && submit.failure.conflicts.length > 0;
  const title = mayEdit ? 'Appointment' : base.title || 'Busy';
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void form.save(false);
  };
  return (
    <Dialog title={base === null ? 'New appointment' : title} onClose={onClose} testId="appointment-dialog">
      <form className="dialog-form" onSubmit={onSubmit} noValidate aria-busy={submit.busy}>
        <div className="dialog-body">
          <AppointmentFields
            draft={form.draft}
            errors={form.errors}
            failure={submit.failure}
            readOnly={!mayEdit}
            onChange={form.change}
          />
          {base !== null && <AppointmentPeople appointment={base} />}
          {base !== null && base.recurrence !== null && (
            <p className="dialog-note">It repeats. What is changed or deleted here is this one occurrence.</p>
          )}
        </div>
        <div className="dialog-message">
          <AppointmentFailure failure={submit.failure} current={base} timeZone={user.timeZone} />
        </div>
        {base !== null && isInvited(base, user) ? (
          <InvitationFoot
            answered={base.myStatus}
            busy={submit.busy}
            inTheWay={inTheWay}
            onAnswer={(answer, anyway) => void form.answer(answer, anyway)}
            onClose={onClose}
          />
        ) : (
          <AppointmentFoot
            isNew={base === null}
            mayEdit={mayEdit}
            busy={submit.busy}
            inTheWay={inTheWay}
            onSaveAnyway={() => void form.save(true)}
            onDelete={() => void form.remove()}
            onClose={onClose}
          />
        )}
      </form>
    </Dialog>
  );
}

/** Who was entered by rank is not asked. */
function isInvited({ ownerId, participants, myStatus }: AgendaItem, { id }: User): boolean {
  return ownerId !== id && myStatus !== 'auto' && participants.some(({ userId }) => userId === id);
}
