import { useRef, useState } from 'react';
import type { NewAppointment } from '../../api/agenda-api.ts';
import { ApiError } from '../../api/problem.ts';
import type { AgendaItem, InvitationAnswer, Scope, User } from '../../api/types.ts';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { scopesFor } from '../repetition/series-change.ts';
import { useUndoDelete } from '../trash/use-undo-delete.ts';
import { checkDraft, type Draft, type DraftErrors, draftOf } from './draft.ts';
import { changeOf, type FormChange, newAppointment, sentFields } from './form-change.ts';

export type AppointmentTarget =
  | { readonly kind: 'new'; readonly draft: Draft }
  | { readonly kind: 'known'; readonly item: AgendaItem };

/** Asked before something that repeats is changed or deleted. */
export interface ScopeQuestion {
  readonly what: 'save' | 'delete';
  readonly scopes: readonly Scope[];
}

const ALL_SCOPES: readonly Scope[] = ['this', 'following', 'all'];

export type AppointmentForm = ReturnType<typeof useAppointmentForm>;

/** What the appointment dialog knows and does. */
export function useAppointmentForm(target: AppointmentTarget, user: User, onClose: () => void) {
  const { calendar, toasts } = useAgenda();
  const offerUndo = useUndoDelete();
  const submit = useSubmit();
  // What the form was filled from: the version that a change is based on.
  const [base, setBase] = useState(target.kind === 'known' ? target.item : null);
  const mayEdit = base === null || (base.ownerId === user.id && !base.busyOnly);
  const [draft, setDraft] = useState(() => firstDraft(target, user));
  const [errors, setErrors] = useState<DraftErrors>({});
  const [asking, setAsking] = useState<ScopeQuestion | null>(null);
  // Of the last try, for another one.
  const [scope, setScope] = useState<Scope | null>(null);
  const seriesStart = useRef<string>(null);
  const repeats = base !== null && base.recurrence !== null && base.recurrenceStart !== null;

  const change = (next: Draft) => {
    setDraft(next);
    setErrors({});
    setScope(null);
    setAsking(null);
    submit.clear();
  };

  const save = async (allowConflict: boolean, chosen: Scope | null = scope) => {
    const found = checkDraft(draft);
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    if (base === null) return book(newAppointment(draft, allowConflict));
    const changed = changeOf(base, draft);
    if (changed === null) return onClose();
    if (changed.series !== null && chosen === null)
      return setAsking({ what: 'save', scopes: scopesFor(changed.series) });
    setScope(chosen);
    setAsking(null);
    await send(base, changed, chosen ?? 'all', allowConflict);
  };

  const book = async (appointment: NewAppointment) => {
    if (await submit.run(appointment, (key) => calendar.create(appointment, key))) onClose();
  };

  const send = async (item: AgendaItem, changed: FormChange, which: Scope, allowConflict: boolean) => {
    const content = { fields: changed, scope: which, allowConflict, version: item.version };
    const saved = await submit.run(content, async (key) => {
      const fields = await sentFields(changed, which, () => firstStart(item));
      await calendar.change(item, which, { ...fields, allowConflict }, key).catch(rebase);
    });
    if (saved) onClose();
  };

  /** The same at every try of one intention. */
  const firstStart = async (item: AgendaItem): Promise<string> => {
    seriesStart.current ??= await calendar.seriesStart(item);
    return seriesStart.current;
  };

  const askToDelete = () => setAsking({ what: 'delete', scopes: repeats ? ALL_SCOPES : ['all'] });

  const remove = async (which: Scope) => {
    if (base === null) return;
    const content = { delete: base.id, scope: which, version: base.version };
    if (!(await submit.run(content, (key) => calendar.remove(base, which, key).catch(rebase)))) return;
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
      seriesStart.current = null;
      const current = await calendar.refresh(base);
      if (current !== null) setBase(current);
    }
    throw error;
  };

  const dontAsk = () => setAsking(null);
  return { base, mayEdit, draft, errors, submit, asking, change, save, askToDelete, remove, answer, dontAsk };
}

/** The owner sees it on the clock of the appointment; whoever only looks at it, on the own one. */
function firstDraft(target: AppointmentTarget, user: User): Draft {
  if (target.kind === 'new') return target.draft;
  const { item } = target;
  return draftOf(item, item.ownerId === user.id ? item.timeZone : user.timeZone);
}
