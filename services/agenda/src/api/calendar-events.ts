/** From stored appointments to the events of a calendar file: in full for those who may see all, or as busy times. */
import { createHash } from 'node:crypto';
import { Privacy } from '@agenda/proto/agenda/v1/model';
import type { ExportedEvent } from '../calendar/icalendar-writer.ts';
import { readRule, ruleText } from '../calendar/recurrence-rule.ts';
import type { CalendarAppointment } from '../queries/calendar-rows.ts';

export interface EventView {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Properties of an imported event that name people. */
const NAMES_PEOPLE = /^(ORGANIZER|ATTENDEE|CONTACT|COMMENT)[;:]/i;

/** @param anonymous who is named in what an import brought is left out. */
export function fullEvents(
  appointments: readonly CalendarAppointment[],
  { anonymous = false }: { readonly anonymous?: boolean } = {},
): ExportedEvent[] {
  const changed = overridesOf(appointments);
  return appointments.map(({ row, recurrence, seriesUid }) => {
    const overridden = changed.get(row.id) ?? new Set();
    const isOverride = row.recurrence_start_ms !== 0 && (seriesUid !== '' || row.ical_uid !== '');
    return {
      uid: seriesUid || row.ical_uid || row.id,
      recurrenceStartMs: isOverride ? row.recurrence_start_ms : undefined,
      sequence: row.version - 1,
      createdAtMs: row.created_at_ms,
      updatedAtMs: row.updated_at_ms,
      title: row.title,
      description: row.description,
      location: row.location,
      startMs: row.start_ms,
      endMs: row.end_ms,
      timeZone: row.time_zone,
      allDay: row.all_day !== 0,
      confidential: row.privacy === Privacy.PRIVACY_FREEBUSY,
      rule: recurrence ? exportedRule(recurrence.rule) : '',
      addedMs: recurrence?.addedMs ?? [],
      // A start that is changed is told by its override; EXDATE would take that one out as well.
      excludedMs: recurrence?.excludedMs.filter((startMs) => !overridden.has(startMs)) ?? [],
      reminderMinutes: row.reminder_minutes === '' ? [] : row.reminder_minutes.split(',').map(Number),
      extra: anonymous ? withoutPeople(row.ical_extra) : row.ical_extra,
    };
  });
}

/** Series id → the starts that overrides in the same file stand for. */
function overridesOf(appointments: readonly CalendarAppointment[]): Map<string, Set<number>> {
  const overrides = new Map<string, Set<number>>();
  for (const { row } of appointments) {
    if (row.series_id === '') continue;
    const starts = overrides.get(row.series_id) ?? new Set();
    overrides.set(row.series_id, starts.add(row.recurrence_start_ms));
  }
  return overrides;
}

function exportedRule(text: string): string {
  const rule = readRule(text);
  return 'value' in rule ? ruleText(rule.value) : '';
}

/** Lines before the first component only: what is nested is left out as a whole. */
function withoutPeople(extra: string): string {
  const lines = extra.split('\n');
  const nested = lines.findIndex((line) => /^BEGIN:/i.test(line));
  return lines
    .slice(0, nested === -1 ? lines.length : nested)
    .filter((line) => !NAMES_PEOPLE.test(line))
    .join('\n');
}

/** Nothing but when: also no rule and no id, so that it cannot be told which belong together. */
export function busyEvents(appointments: readonly CalendarAppointment[], view: EventView): ExportedEvent[] {
  return appointments.flatMap(({ row, spans }) =>
    spans
      .filter(({ startMs, endMs }) => startMs < view.toMs && endMs > view.fromMs)
      .map(({ startMs, endMs }) => ({
        uid: createHash('sha256').update(`busy ${row.id} ${startMs}`).digest('hex').slice(0, 32),
        recurrenceStartMs: undefined,
        sequence: 0,
        createdAtMs: startMs,
        updatedAtMs: startMs,
        title: 'Busy',
        description: '',
        location: '',
        startMs,
        endMs,
        timeZone: 'UTC',
        allDay: false,
        confidential: false,
        rule: '',
        addedMs: [],
        excludedMs: [],
        reminderMinutes: [],
        extra: '',
      })),
  );
}
