import { useState } from 'react';
import type { FreeSlot } from '../../api/free-time-api.ts';
import type { Group } from '../../api/groups-api.ts';
import { nameOf, type Person } from '../../api/people-api.ts';
import { Icon } from '../../components/icon.tsx';
import { LOCALE } from '../../locale.ts';
import { formatSpan } from '../calendar/zoned-time.ts';
import type { BusyPerson } from './busy-people.ts';
import { durationOf, type FreeTimeForm } from './free-time-form.ts';
import { durationText, emptyText, peopleText, slotWords } from './free-time-words.ts';

const SHOWN_AT_FIRST = 10;

interface SlotListProps {
  readonly slots: readonly FreeSlot[];
  /** Where there are none: who is most in the way. */
  readonly busiest: readonly BusyPerson[];
  /** To which they are the answer. */
  readonly form: FreeTimeForm;
  readonly group: Group | undefined;
  readonly timeZone: string;
  readonly onChoose: (slot: FreeSlot) => void;
  /** There is no time: something else is to be asked. */
  readonly onAgain: () => void;
  /** The same is to be asked, with that person as optional. */
  readonly onWithout: (person: Person) => void;
}

/** The times at which people could meet, the best first. */
export function SlotList(props: SlotListProps) {
  const { slots, form, group, timeZone, onChoose, onAgain } = props;
  const [all, setAll] = useState(false);
  const shown = all ? slots : slots.slice(0, SHOWN_AT_FIRST);
  const nowMs = Date.now();
  return (
    <div className="dialog-body">
      <p className="dialog-lead">
        {peopleText(form, group)}: {durationText(durationOf(form) ?? 0)}
      </p>
      <p
        className={slots.length === 0 ? undefined : 'dialog-lead'}
        role="status"
        data-testid="free-time-said"
      >
        {slots.length === 0
          ? emptyText(form)
          : `The best first, on your clock (${timeZone.replaceAll('_', ' ')}). Choose one to book it.`}
      </p>
      {slots.length === 0 && <Busiest people={props.busiest} onWithout={props.onWithout} />}
      {slots.length === 0 && (
        <button type="button" className="button button-wide" onClick={onAgain} data-testid="free-time-again">
          Ask for something else
        </button>
      )}
      {slots.length > 0 && (
        <ol className="rows slots" data-testid="free-slots">
          {shown.map((slot) => (
            <li key={slot.start}>
              <button
                type="button"
                className="row row-button"
                onClick={() => onChoose(slot)}
                data-testid="free-slot"
              >
                <SlotText slot={slot} form={form} timeZone={timeZone} nowMs={nowMs} />
                <Icon name="right" />
              </button>
            </li>
          ))}
        </ol>
      )}
      {shown.length < slots.length && (
        <button
          type="button"
          className="button button-quiet button-wide"
          onClick={() => setAll(true)}
          data-testid="more-slots"
        >
          {slots.length - shown.length} more
        </button>
      )}
    </div>
  );
}

interface BusiestProps {
  readonly people: readonly BusyPerson[];
  readonly onWithout: (person: Person) => void;
}

function Busiest({ people, onWithout }: BusiestProps) {
  if (people.length === 0) return null;
  return (
    <section aria-label="Who is busy most">
      <h3 className="people-title">Who is busy most in these days</h3>
      <ul className="rows" data-testid="busiest">
        {people.map(({ person, minutes }) => (
          <li key={person.id} className="row">
            <span className="row-main">
              <strong>{nameOf(person)}</strong>
              <span>busy for {durationText(minutes)}</span>
            </span>
            <button
              type="button"
              className="button button-small"
              aria-label={`Ask again, with ${nameOf(person)} as optional`}
              onClick={() => onWithout(person)}
              data-testid="make-optional"
            >
              Make optional
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface SlotTextProps {
  readonly slot: FreeSlot;
  readonly form: FreeTimeForm;
  readonly timeZone: string;
  readonly nowMs: number;
}

function SlotText({ slot, form, timeZone, nowMs }: SlotTextProps) {
  const { reason, without } = slotWords(slot, form);
  return (
    <span className="row-main">
      <strong>{formatSpan({ ...slot, allDay: false, timeZone }, timeZone, LOCALE, nowMs)}</strong>
      <span>{reason}</span>
      {without !== '' && <span className="slot-without">{without}</span>}
    </span>
  );
}
