import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/problem.ts';
import type { AgendaItem, User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { AppointmentFailure } from './appointment-failure.tsx';
import { AppointmentFields } from './appointment-fields.tsx';
import { AppointmentFoot } from './appointment-foot.tsx';
import { changedFields, checkDraft, type Draft, type DraftErrors, draftOf, fieldsOf } from './draft.ts';

export type AppointmentTarget =
  | { readonly kind: 'new'; readonly draft: Draft }
  | { readonly kind: 'known'; readonly item: AgendaItem };

interface AppointmentDialogProps {
  readonly target: AppointmentTarget;
  readonly user: User;
  readonly onClose: () => void;
}

/** Adds, shows, changes and deletes one appointment. */
export function AppointmentDialog({ target, user, onClose }: AppointmentDialogProps) {
  const { calendar, toasts } = useAgenda();
  const submit = useSubmit();
  // What the form was filled from: the version that a change is based on.
  const [base, setBase] = useState(target.kind === 'known' ? target.item : null);
  const [draft, setDraft] = useState(() =>
    target.kind === 'new' ? target.draft : draftOf(target.item, user.timeZone),
  );
  const [errors, setErrors] = useState<DraftErrors>({});
  const mayEdit = base === null || (base.ownerId === user.id && !base.busyOnly);

  const change = (next: Draft) => {
    setDraft(next);
    setErrors({});
    submit.clear();
  };

  const save = async (allowConflict: boolean) => {
    const found = checkDraft(draft, user.timeZone);
    setErrors(found);
    const fields = fieldsOf(draft, user.timeZone, base?.timeZone ?? user.timeZone);
    if (fields === null || Object.keys(found).length > 0) return;
    const content = { fields, allowConflict, version: base?.version ?? null };
    const saved = await submit.run(content, async (key) => {
      if (base === null) return calendar.create({ ...fields, allowConflict }, key);
      const changed = changedFields(base, fields);
      if (Object.keys(changed).length === 0) return;
      await calendar.change(base, { ...changed, allowConflict }, key).catch(rebase);
    });
    if (saved) onClose();
  };

  const remove = async () => {
    if (base === null) return;
    const removed = await submit.run({ delete: base.id, version: base.version }, (key) =>
      calendar.remove(base, key).catch(rebase),
    );
    if (!removed) return;
    toasts.show('info', `“${base.title}” was deleted.`);
    onClose();
  };

  /** Changed elsewhere meanwhile: what is in the form stays, and the next try is based on what is there now. */
  const rebase = async (error: unknown): Promise<never> => {
    if (base !== null && error instanceof ApiError && error.code === 'version_mismatch') {
      const current = await calendar.refresh(base);
      if (current !== null) setBase(current);
    }
    throw error;
  };

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void save(false);
  };

  return (
    <Dialog
      title={base === null ? 'New appointment' : mayEdit ? 'Appointment' : base.title || 'Busy'}
      onClose={onClose}
      testId="appointment-dialog"
    >
      <form className="dialog-form" onSubmit={onSubmit} noValidate aria-busy={submit.busy}>
        <div className="dialog-body">
          <AppointmentFields
            draft={draft}
            errors={errors}
            failure={submit.failure}
            readOnly={!mayEdit}
            onChange={change}
          />
        </div>
        <div className="dialog-message">
          <AppointmentFailure failure={submit.failure} current={base} timeZone={user.timeZone} />
        </div>
        <AppointmentFoot
          isNew={base === null}
          mayEdit={mayEdit}
          busy={submit.busy}
          inTheWay={submit.failure instanceof ApiError && submit.failure.conflicts.length > 0}
          onSaveAnyway={() => void save(true)}
          onDelete={() => void remove()}
          onClose={onClose}
        />
      </form>
    </Dialog>
  );
}
