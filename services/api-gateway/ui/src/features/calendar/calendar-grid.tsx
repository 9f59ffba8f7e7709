import FullCalendar, {
  type CalendarController,
  type CalendarRef,
  type EventClickInfo,
  type EventDropInfo,
  type EventResizeDoneInfo,
  type MountInfo,
} from '@fullcalendar/react';
import dayGridPlugin from '@fullcalendar/react/daygrid';
import interactionPlugin from '@fullcalendar/react/interaction';
import listPlugin from '@fullcalendar/react/list';
import themePlugin from '@fullcalendar/react/themes/breezy';
import timeGridPlugin from '@fullcalendar/react/timegrid';
import { memo, type Ref, useMemo } from 'react';
import type { AgendaItem } from '../../api/types.ts';
import { FIRST_DAY, LOCALE, SLOT_STYLE, TIME_STYLE } from '../../locale.ts';
import type { EntryMark } from '../shared-agenda/shared-entries.ts';
import type { AgendaItems } from './agenda-items.ts';
import { type CalendarSpan, toEventInput } from './event-input.ts';
import { THREE_DAYS } from './views.ts';

const PLUGINS = [themePlugin, timeGridPlugin, dayGridPlugin, listPlugin, interactionPlugin];
const DAYS_TITLE = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const DAY_TITLE = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const;
const VIEWS = {
  [THREE_DAYS]: { type: 'timeGrid', duration: { days: 3 }, titleFormat: DAYS_TITLE },
  timeGridDay: { titleFormat: DAY_TITLE },
  timeGridWeek: { titleFormat: DAYS_TITLE },
  dayGridMonth: {
    dayMaxEvents: true,
    navLinks: true,
    listItemEventClass: 'event-row',
    listItemEventBeforeClass: 'event-dot',
  },
  listWeek: {
    titleFormat: DAYS_TITLE,
    listDayFormat: { weekday: 'long' },
    listDayAltFormat: { day: 'numeric', month: 'short' },
    listItemEventTimeClass: 'event-list-time',
    listItemEventTitleClass: 'event-title',
  },
} as const;
const LONG_PRESS_MS = 350;
/** Columns below this width show less. */
const NARROW_COLUMN_PX = 130;

interface CalendarGridProps {
  readonly ref: Ref<CalendarRef>;
  readonly items: AgendaItems;
  /** Whose each one is, by key; null: all are the viewer's. */
  readonly marks: ReadonlyMap<string, EntryMark> | null;
  readonly viewerId: string;
  readonly timeZone: string;
  readonly controller: CalendarController;
  readonly initialView: string;
  readonly onShow: (start: Date, end: Date) => void;
  readonly onSelect: (span: CalendarSpan) => void;
  readonly onOpen: (item: AgendaItem) => void;
  readonly onMove: (item: AgendaItem, span: CalendarSpan) => void;
}

export const CalendarGrid = memo(function CalendarGrid(props: CalendarGridProps) {
  const { ref, items, marks, viewerId, timeZone, controller, initialView } = props;
  const { onShow, onSelect, onOpen, onMove } = props;
  const events = useMemo(
    () => [...items.byKey].map(([key, item]) => toEventInput(item, viewerId, marks?.get(key))),
    [items, marks, viewerId],
  );
  const moved = (info: EventDropInfo | EventResizeDoneInfo) => {
    const item = items.byKey.get(info.event.id);
    if (item === undefined) info.revert();
    else onMove(item, info.event);
  };
  const clicked = (info: EventClickInfo) => {
    info.jsEvent.preventDefault();
    const item = items.byKey.get(info.event.id);
    if (item !== undefined) onOpen(item);
  };
  return (
    <FullCalendar
      ref={ref}
      plugins={PLUGINS}
      controller={controller}
      initialView={initialView}
      views={VIEWS}
      headerToolbar={false}
      borderless
      height="100%"
      locale={LOCALE}
      firstDay={FIRST_DAY}
      timeZone={timeZone}
      events={events}
      nowIndicator
      selectable
      selectMirror
      editable
      eventResizableFromStart
      eventInteractive
      longPressDelay={LONG_PRESS_MS}
      unselectCancel=".dialog"
      scrollTime="07:30:00"
      slotDuration="00:30:00"
      snapDuration="00:15:00"
      eventMinHeight={22}
      dayNarrowWidth={NARROW_COLUMN_PX}
      eventTimeFormat={TIME_STYLE}
      slotHeaderFormat={SLOT_STYLE}
      allDayText="all day"
      noEventsText="Nothing here yet."
      blockEventClass="event-block"
      columnEventTitleClass={({ isShort }) => !isShort && 'event-title'}
      columnEventTimeClass={({ isShort, isNarrow }) => isShort && isNarrow && 'visually-hidden'}
      datesSet={(info) => onShow(info.start, info.end)}
      select={onSelect}
      eventClick={clicked}
      eventDrop={moved}
      eventResize={moved}
      eventDidMount={markElement}
    />
  );
});

/** So that tests and browser tools can find an appointment's element. */
function markElement(info: MountInfo<{ event: { id: string } }>): void {
  info.el.dataset.appointment = info.event.id;
}
