/** Between agenda items and FullCalendar's events. Pure. */

import type { EventInput } from '@fullcalendar/react';
import type { AgendaItem } from '../../api/types.ts';
import type { EntryMark } from '../shared-agenda/shared-entries.ts';
import { keyOf } from './agenda-items.ts';
import { addDays, startOfDay, toWallTime } from './zoned-time.ts';

/** U+26A0 as text: the calendar takes titles, no elements. */
const CONFLICT_SIGN = '\u26a0\ufe0e\u00a0';

/** @param mark Whose it is, where the agendas of others are shown. */
export function toEventInput(item: AgendaItem, viewerId: string, mark?: EntryMark): EventInput {
  const own = item.ownerId === viewerId && !item.busyOnly;
  return {
    id: keyOf(item),
    title: titleOf(item, mark),
    allDay: item.allDay,
    // All-day appointments stand on the days of their own zone, wherever they are looked at from.
    start: item.allDay ? toWallTime(item.start, item.timeZone).date : item.start,
    end: item.allDay ? toWallTime(item.end, item.timeZone).date : item.end,
    startEditable: own,
    durationEditable: own,
    color: colorOf(item, own, mark),
    className: classOf(item),
  };
}

/** Who comes first: that is what one looks for among many; and what is double-booked does not depend on colour alone. */
function titleOf(item: AgendaItem, mark: EntryMark | undefined): string {
  const title = item.busyOnly ? 'Busy' : item.title;
  const named = mark?.named ? `${mark.names}: ${title}` : title;
  return item.conflict ? `${CONFLICT_SIGN}${named}` : named;
}

/** The style sheet's names; FullCalendar puts them on the element, where both schemes resolve them. */
function colorOf(item: AgendaItem, own: boolean, mark: EntryMark | undefined): string {
  if (item.conflict) return 'var(--event-conflict)';
  if (mark !== undefined) return mark.color;
  return own ? 'var(--event)' : 'var(--event-others)';
}

function classOf(item: AgendaItem): string {
  const names = ['event', `event-${item.status}`];
  if (item.myStatus !== null) names.push(`event-mine-${item.myStatus}`);
  return names.join(' ');
}

/** What FullCalendar tells of an event that was dragged or of a selected range. */
export interface CalendarSpan {
  readonly start: Date | null;
  readonly end: Date | null;
  /** `2026-11-23` when `allDay`. */
  readonly startStr: string;
  readonly endStr: string;
  readonly allDay: boolean;
}

export interface MovedTimes {
  readonly start: string;
  readonly end: string;
  readonly allDay: boolean;
}

const DROPPED_MINUTES = 60;

/** Null if it has no start. @param ownZone The zone whose midnights an all-day appointment keeps. */
export function movedTimes(span: CalendarSpan, ownZone: string): MovedTimes | null {
  if (span.start === null) return null;
  if (!span.allDay) {
    const startMs = span.start.getTime();
    const endMs = span.end?.getTime() ?? startMs + DROPPED_MINUTES * 60_000;
    return { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString(), allDay: false };
  }
  const firstDay = span.startStr.slice(0, 10);
  const start = startOfDay(firstDay, ownZone);
  const dayAfter = span.endStr === '' ? addDays(firstDay, 1) : span.endStr.slice(0, 10);
  const end = startOfDay(dayAfter, ownZone);
  return start === null || end === null ? null : { start, end, allDay: true };
}
