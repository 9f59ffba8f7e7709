/** The page speaks English; of the reader's languages the first English one decides how dates and times look. */
export const LOCALE = navigator.languages.find((language) => /^en\b/.test(language)) ?? 'en-GB';

/** 0 is Sunday, as FullCalendar counts. */
export const FIRST_DAY = firstDayOfWeek();

function firstDayOfWeek(): number {
  const locale = new Intl.Locale(navigator.language || LOCALE) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
  };
  return (locale.getWeekInfo?.().firstDay ?? 1) % 7;
}
