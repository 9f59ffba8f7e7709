/** From the form to what is asked of the server. Pure. */

import type { AppointmentChange, NewAppointment } from '../../api/agenda-api.ts';
import type { AgendaItem, AppointmentFields, Recurrence, Scope } from '../../api/types.ts';
import { ruleOf, sameRepetition } from '../repetition/repetition.ts';
import { isOccurrence, type SeriesChange, seriesFields } from '../repetition/series-change.ts';
import {
  changedFields,
  changedInvitees,
  type Draft,
  draftAnchor,
  draftOf,
  fieldsOf,
  inviteesOf,
} from './draft.ts';

export interface FormChange {
  /** What is sent; of a series, what does not depend on which of its occurrences are meant. */
  readonly fields: Omit<AppointmentChange, 'allowConflict'>;
  /** Null: it does not repeat, so there is nothing to ask. */
  readonly series: SeriesChange | null;
}

/** @param draft Without errors. */
export function newAppointment(draft: Draft, allowConflict: boolean): NewAppointment {
  return {
    ...wholeFields(draft),
    recurrence: recurrenceOf(draft),
    participants: inviteesOf(draft.invitees),
    groupId: draft.groupId,
    allowConflict,
  };
}

/** @param draft Without errors, filled from `base`. @returns null if nothing was changed. */
export function changeOf(base: AgendaItem, draft: Draft): FormChange | null {
  const fields = wholeFields(draft);
  const changed = changedFields(base, fields);
  const participants = changedInvitees(base.participants, draft.invitees);
  const invited = participants === undefined ? {} : { participants };
  const { repetition: before } = draftOf(base, base.timeZone);
  const sameRule = sameRepetition(before, draft.repetition, draftAnchor(draft));
  if (Object.keys(changed).length === 0 && participants === undefined && sameRule) return null;
  if (isOccurrence(base)) {
    const series = { occurrence: base, changed, fields, before, after: draft.repetition };
    return { fields: invited, series };
  }
  const recurrence = sameRule ? {} : { recurrence: recurrenceOf(draft) };
  return { fields: { ...changed, ...invited, ...recurrence }, series: null };
}

/** @param seriesStart Asks when the first of the series begins. */
export async function sentFields(
  { fields, series }: FormChange,
  scope: Scope,
  seriesStart: () => Promise<string>,
): Promise<FormChange['fields']> {
  if (series === null) return fields;
  const first = scope === 'this' ? series.occurrence.start : await seriesStart();
  return { ...fields, ...seriesFields(scope, series, first) };
}

function wholeFields(draft: Draft): AppointmentFields {
  const fields = fieldsOf(draft);
  if (fields === null) throw new Error('the form was not checked: it has no start or end');
  return fields;
}

function recurrenceOf(draft: Draft): Recurrence | null {
  const rule = ruleOf(draft.repetition, draftAnchor(draft));
  return rule === null ? null : { rule, added: [], excluded: [] };
}
