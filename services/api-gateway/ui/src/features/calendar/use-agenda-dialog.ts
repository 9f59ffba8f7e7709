import type { CalendarController } from '@fullcalendar/react';
import { useCallback, useState } from 'react';
import type { FreeSlot } from '../../api/free-time-api.ts';
import { explain } from '../../api/problem.ts';
import type { AgendaItem, User } from '../../api/types.ts';
import { useAgenda } from '../../use-agenda.ts';
import { draftAt } from '../free-time/booking.ts';
import { type FreeTimeForm, newFreeTimeForm } from '../free-time/free-time-form.ts';
import { type Draft, newAllDayDraft, newDraft } from './draft.ts';
import type { CalendarSpan } from './event-input.ts';
import type { AppointmentTarget } from './use-appointment-form.ts';
import { nextHalfHour } from './zoned-time.ts';

export type OpenDialog =
  | { readonly kind: 'appointment'; readonly target: AppointmentTarget }
  /** Of others, to be read. */
  | { readonly kind: 'entry'; readonly item: AgendaItem; readonly names: string }
  /** With `groupId`, that one at once. */
  | { readonly kind: 'groups'; readonly groupId: string | null }
  | { readonly kind: 'free-time'; readonly form: FreeTimeForm | null }
  /** Of so long at least; null: of the next weeks. */
  | { readonly kind: 'conflicts'; readonly until: string | null }
  | { readonly kind: 'search' }
  | { readonly kind: 'trash' }
  | { readonly kind: 'calendars' }
  | { readonly kind: 'profile' }
  | { readonly kind: 'password' };

/** Which dialog is open over the agenda, and the ways to open one. */
export function useAgendaDialog(user: User, controller: CalendarController, onClosed: () => void) {
  const { calendar, toasts } = useAgenda();
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const { timeZone } = user;

  const edit = useCallback((target: AppointmentTarget) => setDialog({ kind: 'appointment', target }), []);
  const open = useCallback((item: AgendaItem) => edit({ kind: 'known', item }), [edit]);
  const addIn = useCallback(
    (span: CalendarSpan) => edit({ kind: 'new', draft: selectedDraft(span, timeZone) }),
    [edit, timeZone],
  );
  const addSoon = () => edit({ kind: 'new', draft: newDraft(nextHalfHour(Date.now()), null, timeZone) });
  const close = useCallback(() => {
    setDialog(null);
    onClosed();
  }, [onClosed]);

  const goTo = (item: AgendaItem) => {
    controller.gotoDate(item.start);
    open(item);
  };

  const findTimeFor = (groupId: string) =>
    setDialog({ kind: 'free-time', form: { ...newFreeTimeForm(Date.now(), timeZone), groupId } });

  /** At a time that was found. */
  const addAt = (slot: FreeSlot, form: FreeTimeForm) => {
    controller.gotoDate(slot.start);
    edit({ kind: 'new', draft: draftAt(slot, form, timeZone) });
  };

  const openById = async (appointmentId: string) => {
    try {
      const item = await calendar.find(appointmentId);
      if (item === null) return toasts.show('info', 'That appointment no longer exists.');
      goTo(item);
    } catch (error) {
      toasts.show('error', explain(error));
    }
  };

  return { dialog, setDialog, close, open, addIn, addSoon, addAt, findTimeFor, goTo, openById };
}

function selectedDraft(span: CalendarSpan, viewerZone: string): Draft {
  if (span.allDay) return newAllDayDraft(span.startStr.slice(0, 10), span.endStr.slice(0, 10), viewerZone);
  const start = span.start ?? new Date();
  return newDraft(start.toISOString(), span.end?.toISOString() ?? null, viewerZone);
}
