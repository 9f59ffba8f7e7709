/** The calendar's views, by FullCalendar's names. */

export interface ViewChoice {
  readonly name: string;
  readonly label: string;
}

export const THREE_DAYS = 'timeGridThreeDays';

const DAY: ViewChoice = { name: 'timeGridDay', label: 'Day' };
const MONTH: ViewChoice = { name: 'dayGridMonth', label: 'Month' };
const LIST: ViewChoice = { name: 'listWeek', label: 'List' };

export const WIDE_VIEWS: readonly ViewChoice[] = [DAY, { name: 'timeGridWeek', label: 'Week' }, MONTH, LIST];

/** Seven columns are too narrow for a thumb. */
export const NARROW_VIEWS: readonly ViewChoice[] = [DAY, { name: THREE_DAYS, label: '3 days' }, MONTH, LIST];

export function viewChoices(narrow: boolean): readonly ViewChoice[] {
  return narrow ? NARROW_VIEWS : WIDE_VIEWS;
}

export function initialView(narrow: boolean): string {
  return narrow ? 'timeGridDay' : 'timeGridWeek';
}

/** What to show when the window becomes narrow or wide. */
export function equivalentView(name: string, narrow: boolean): string {
  if (narrow && name === 'timeGridWeek') return THREE_DAYS;
  if (!narrow && name === THREE_DAYS) return 'timeGridWeek';
  return name;
}
