import { useState } from 'react';
import { ApiError } from '../../api/problem.ts';
import type { AgendaItem, AppointmentFields, InvitationAnswer, User } from '../../api/types.ts';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { useUndoDelete } from '../trash/use-undo-delete.ts';
import { changedFields, checkDraft, type Draft, type DraftErrors, draftOf, fieldsOf } from './draft.ts';

export type AppointmentTarget =
  | { readonly kind: 'new'; readonly draft: Draft }
  | { readonly kind: 'known'; readonly item: AgendaItem };

/** What the appointment dialog knows and does. */
export function useAppointmentForm(target: AppointmentTarget, user: User, onClose: () => void) {
  const { calendar, toasts } = useAgenda();
  const offerUndo = useUndoDelete();
  const submit = useSubmit();
  // What the form was filled from: the version that a change is based on.
  const [base, setBase] = useState(target.kind === 'known' ? target.item : null);
  const [draft, setDraft] = useState(() =>
    target.kind === 'new' ? target.draft : draftOf(target.item, user.timeZone),
  );
  const [errors, setErrors] = useState<DraftErrors>({});

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
    if (await submit.run(content, (key) => send(fields, allowConflict, key))) onClose();
  };

  const send = async (fields: AppointmentFields, allowConflict: boolean, key: string) => {
    if (base === null) return calendar.create({ ...fields, allowConflict }, key);
    const changed = changedFields(base, fields);
    if (Object.keys(changed).length === 0) return;
    await calendar.change(base, { ...withWholeTime(changed, fields), allowConflict }, key).catch(rebase);
  };

  const remove = async () => {
    if (base === null) return;
    const content = { delete: base.id, version: base.version };
    if (!(await submit.run(content, (key) => calendar.remove(base, key).catch(rebase)))) return;
    if (base.recurrence === null) offerUndo(base);
    else toasts.show('info', `“${base.title}” was deleted.`);
    onClose();
  };

  const answer = async (given: InvitationAnswer, allowConflict: boolean) => {
    if (base === null) return;
    const content = { answer: given, id: base.id, version: base.version, allowConflict };
    if (await submit.run(content, (key) => calendar.answer(base, given, allowConflict, key))) onClose();
  };

  /** Changed elsewhere meanwhile: what is in the form stays, and the next try is based on what is there now. */
  const rebase = async (error: unknown): Promise<never> => {
    if (base !== null && error instanceof ApiError && error.code === 'version_mismatch') {
      const current = await calendar.refresh(base);
      if (current !== null) setBase(current);
    }
    throw error;
  };

  return { base, draft, errors, submit, change, save, remove, answer };
}

/** One end of a time says nothing about an occurrence, whose other end the series does not know. */
function withWholeTime(
  changed: Partial<AppointmentFields>,
  { start, end }: AppointmentFields,
): Partial<AppointmentFields> {
  return changed.start === undefined && changed.end === undefined ? changed : { ...changed, start, end };
}
