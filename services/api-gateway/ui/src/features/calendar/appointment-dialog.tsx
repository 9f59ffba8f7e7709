import { type FormEvent, useState } from 'react';
import type { FreeSlot } from '../../api/free-time-api.ts';
import { ApiError } from '../../api/problem.ts';
import type { AgendaItem, User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Icon } from '../../components/icon.tsx';
import { LOCALE } from '../../locale.ts';
import { freeTimeFormFor, withPeople } from '../free-time/booking.ts';
import { FreeTimeDialog } from '../free-time/free-time-dialog.tsx';
import type { FreeTimeForm } from '../free-time/free-time-form.ts';
import { repetitionWords } from '../repetition/repetition-words.ts';
import { ScopeChoice } from '../repetition/scope-choice.tsx';
import { AppointmentFailure } from './appointment-failure.tsx';
import { AppointmentFields } from './appointment-fields.tsx';
import { AppointmentFoot, DeleteFoot } from './appointment-foot.tsx';
import { AppointmentPeople } from './appointment-people.tsx';
import { draftAnchor, withSpan } from './draft.ts';
import { InvitationFoot } from './invitation-foot.tsx';
import { type AppointmentForm, type AppointmentTarget, useAppointmentForm } from './use-appointment-form.ts';

interface AppointmentDialogProps {
  readonly target: AppointmentTarget;
  readonly user: User;
  /** @param until Of what is in conflict. */
  readonly onConflicts: (until: string) => void;
  readonly onClose: () => void;
}

/** Adds, shows, changes and deletes one appointment. */
export function AppointmentDialog({ target, user, onConflicts, onClose }: AppointmentDialogProps) {
  const form = useAppointmentForm(target, user, onClose);
  const { base, mayEdit, draft, submit } = form;
  const [finding, setFinding] = useState<FreeTimeForm | null>(null);
  const findTime = () => setFinding(freeTimeFormFor(draft, user.id, Date.now(), user.timeZone));
  const onFound = (slot: FreeSlot, found: FreeTimeForm) => {
    const moved = withSpan(draft, { ...slot, allDay: false });
    form.change(base === null ? withPeople(moved, found) : moved);
    setFinding(null);
  };
  const title = mayEdit ? 'Appointment' : base?.title || 'Busy';
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (form.asking === null) void form.save(false);
  };
  return (
    <>
      <Dialog title={base === null ? 'New appointment' : title} onClose={onClose} testId="appointment-dialog">
        <form className="dialog-form" onSubmit={onSubmit} noValidate aria-busy={submit.busy}>
          <div className="dialog-body">
            {base?.conflict && (
              <p className="dialog-conflict" data-testid="in-conflict">
                <Icon name="warning" /> It overlaps something else in your agenda.
                {Date.parse(base.end) > Date.now() && (
                  <button
                    type="button"
                    className="button button-small"
                    onClick={() => onConflicts(base.end)}
                    data-testid="see-conflicts"
                  >
                    See what
                  </button>
                )}
              </p>
            )}
            <AppointmentFields
              draft={draft}
              base={base}
              user={user}
              errors={form.errors}
              failure={submit.failure}
              readOnly={!mayEdit}
              onFindTime={mayBeFound(form) ? findTime : undefined}
              onChange={form.change}
            />
            {base !== null && !mayEdit && <AppointmentPeople appointment={base} />}
            {base !== null && base.recurrence !== null && !mayEdit && (
              <p className="dialog-note">
                {repetitionWords(draft.repetition, draftAnchor(draft), LOCALE)}. An answer is for the whole
                series.
              </p>
            )}
          </div>
          <div className="dialog-message">
            <AppointmentFailure failure={submit.failure} current={base} timeZone={user.timeZone} />
          </div>
          <Foot form={form} user={user} onClose={onClose} />
        </form>
      </Dialog>
      {finding !== null && (
        <FreeTimeDialog user={user} start={finding} onChoose={onFound} onClose={() => setFinding(null)} />
      )}
    </>
  );
}

interface FootProps {
  readonly form: AppointmentForm;
  readonly user: User;
  readonly onClose: () => void;
}

function Foot({ form, user, onClose }: FootProps) {
  const { base, submit, asking } = form;
  const inTheWay = submit.failure instanceof ApiError && submit.failure.conflicts.length > 0;
  if (asking?.what === 'delete' && asking.scopes.length === 1)
    return <DeleteFoot busy={submit.busy} onDelete={() => void form.remove('all')} onBack={form.dontAsk} />;
  if (asking !== null) {
    const deletes = asking.what === 'delete';
    return (
      <ScopeChoice
        question={deletes ? 'It repeats. Which are to be deleted?' : 'It repeats. Which are to be changed?'}
        scopes={asking.scopes}
        action={deletes ? 'Delete' : 'Save'}
        danger={deletes}
        back="Back"
        busy={submit.busy}
        onChoose={(scope) => void (deletes ? form.remove(scope) : form.save(false, scope))}
        onBack={form.dontAsk}
      />
    );
  }
  if (base !== null && isInvited(base, user))
    return (
      <InvitationFoot
        answered={base.myStatus}
        busy={submit.busy}
        inTheWay={inTheWay}
        onAnswer={(answer, anyway) => void form.answer(answer, anyway)}
        onClose={onClose}
      />
    );
  return (
    <AppointmentFoot
      isNew={base === null}
      mayEdit={form.mayEdit}
      busy={submit.busy}
      inTheWay={inTheWay}
      onSaveAnyway={() => void form.save(true)}
      onDelete={form.askToDelete}
      onClose={onClose}
    />
  );
}

/** A time is found for what takes place once, for hours. */
function mayBeFound({ mayEdit, draft }: AppointmentForm): boolean {
  return mayEdit && !draft.allDay && draft.repetition.pattern === 'none';
}

/** Who was entered by rank is not asked. */
function isInvited({ ownerId, participants, myStatus }: AgendaItem, { id }: User): boolean {
  return ownerId !== id && myStatus !== 'auto' && participants.some(({ userId }) => userId === id);
}
