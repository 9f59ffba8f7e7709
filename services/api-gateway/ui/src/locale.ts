/** The page speaks English; of the reader's languages the first English one decides how dates and times look. */
export const LOCALE = navigator.languages.find((language) => /^en\b/.test(language)) ?? 'en-GB';

const { hour12 = false } = new Intl.DateTimeFormat(LOCALE, { hour: 'numeric' }).resolvedOptions();

/** 09:30 or 9:30 am, for Intl and for FullCalendar alike. */
export const TIME_STYLE = hour12
  ? ({ hour: 'numeric', minute: '2-digit' } as const)
  : ({ hour: '2-digit', minute: '2-digit' } as const);

/** Beside the grid: 09:00 or 9am. */
export const SLOT_STYLE = hour12
  ? ({ ...TIME_STYLE, omitZeroMinute: true, meridiem: 'short' } as const)
  : TIME_STYLE;

/** 0 is Sunday, as FullCalendar counts. */
export const FIRST_DAY = firstDayOfWeek();

function firstDayOfWeek(): number {
  const locale = new Intl.Locale(navigator.language || LOCALE) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
  };
  return (locale.getWeekInfo?.().firstDay ?? 1) % 7;
}
