import { fieldMessage } from '../../api/problem.ts';
import type { AgendaItem, User } from '../../api/types.ts';
import { Disclosure } from '../../components/disclosure.tsx';
import { Field } from '../../components/field.tsx';
import { TextField } from '../../components/text-field.tsx';
import { LOCALE } from '../../locale.ts';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { ReminderFields } from '../reminders/reminder-fields.tsx';
import { minutesOf, reminderWords } from '../reminders/reminders.ts';
import { RepetitionFields } from '../repetition/repetition-fields.tsx';
import { repetitionWords } from '../repetition/repetition-words.ts';
import { AppointmentZoneField, zoneName } from './appointment-zone-field.tsx';
import {
  DESCRIPTION_CHARACTERS_MAX,
  type Draft,
  type DraftErrors,
  draftAnchor,
  LOCATION_CHARACTERS_MAX,
  TITLE_CHARACTERS_MAX,
} from './draft.ts';
import { invitedWords } from './invitees.ts';
import { InviteesFields } from './invitees-fields.tsx';
import { PRIVACY, PrivacyField } from './privacy-field.tsx';
import { WhenFields } from './when-fields.tsx';

interface AppointmentFieldsProps {
  readonly draft: Draft;
  /** What is booked already; null: it is new. */
  readonly base: AgendaItem | null;
  readonly user: User;
  readonly errors: DraftErrors;
  /** What the server said about the last try. */
  readonly failure: unknown;
  readonly readOnly: boolean;
  /** Undefined: no other time can be looked for. */
  readonly onFindTime: (() => void) | undefined;
  readonly onChange: (draft: Draft) => void;
}

export function AppointmentFields(props: AppointmentFieldsProps) {
  const { draft, base, user, errors, failure, readOnly, onFindTime, onChange } = props;
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  return (
    <fieldset className="form plain" disabled={readOnly}>
      <legend className="visually-hidden">Appointment</legend>
      <TextField
        label="Title"
        first
        testId="appointment-title"
        className="input-title"
        error={errors.title ?? fieldMessage(failure, 'title')}
        autoComplete="off"
        maxLength={TITLE_CHARACTERS_MAX}
        value={draft.title}
        onText={(title) => set({ title })}
      />
      <WhenFields
        draft={draft}
        errors={errors}
        failure={failure}
        onFindTime={onFindTime}
        onChange={onChange}
      />
      <TextField
        label="Location"
        optional
        testId="appointment-location"
        error={fieldMessage(failure, 'location')}
        autoComplete="off"
        maxLength={LOCATION_CHARACTERS_MAX}
        value={draft.location}
        onText={(location) => set({ location })}
      />
      <Field label="Notes" optional error={fieldMessage(failure, 'description')}>
        {(control) => (
          <textarea
            {...control}
            data-testid="appointment-description"
            rows={1}
            className="notes"
            maxLength={DESCRIPTION_CHARACTERS_MAX}
            value={draft.description}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      {!readOnly && (
        <FurtherFields draft={draft} base={base} user={user} errors={errors} failure={failure} set={set} />
      )}
    </fieldset>
  );
}

interface FurtherFieldsProps {
  readonly draft: Draft;
  readonly base: AgendaItem | null;
  readonly user: User;
  readonly errors: DraftErrors;
  readonly failure: unknown;
  readonly set: (change: Partial<Draft>) => void;
}

/** What most appointments do not need: each is one line until it is opened. */
function FurtherFields({ draft, base, user, errors, failure, set }: FurtherFieldsProps) {
  const { groups } = useAgenda();
  const { groups: mine } = useStore(groups.state);
  const { repetition, reminders, privacy, timeZone } = draft;
  const wrongPeople = fieldMessage(failure, 'participants') ?? fieldMessage(failure, 'groupId');
  const wrongRule = fieldMessage(failure, 'recurrence');
  const wrongZone = fieldMessage(failure, 'timeZone');
  const wrongReminders = errors.reminders ?? fieldMessage(failure, 'reminderMinutes');
  return (
    <div className="disclosures">
      <Disclosure
        label="People"
        value={invitedWords(draft, mine)}
        open={draft.invitees.length > 0 || draft.groupId !== null}
        wrong={wrongPeople !== undefined}
        testId="people-part"
      >
        <InviteesFields draft={draft} base={base} user={user} failure={failure} onChange={set} />
      </Disclosure>
      <Disclosure
        label="Repeats"
        value={repetition.pattern === 'none' ? 'No' : repetitionWords(repetition, draftAnchor(draft), LOCALE)}
        wrong={errors.repetition !== undefined || wrongRule !== undefined}
        testId="repetition"
      >
        <RepetitionFields
          repetition={repetition}
          date={draft.startDate}
          errors={errors.repetition ?? {}}
          failure={wrongRule}
          onChange={(changed) => set({ repetition: changed })}
        />
      </Disclosure>
      <Disclosure
        label="Reminders"
        value={remindersWords(draft)}
        wrong={wrongReminders !== undefined}
        testId="reminders"
      >
        <ReminderFields
          reminders={reminders}
          error={wrongReminders}
          onChange={(changed) => set({ reminders: changed })}
        />
      </Disclosure>
      <Disclosure label="Others see" value={PRIVACY[privacy].label} testId="privacy">
        <PrivacyField privacy={privacy} onChange={(changed) => set({ privacy: changed })} />
      </Disclosure>
      <Disclosure
        label="Time zone"
        value={timeZone === user.timeZone ? 'Yours' : zoneName(timeZone)}
        open={timeZone !== user.timeZone}
        wrong={wrongZone !== undefined}
        testId="time-zone"
      >
        <AppointmentZoneField
          draft={draft}
          viewerZone={user.timeZone}
          error={wrongZone}
          onChange={(changed) => set({ timeZone: changed })}
        />
      </Disclosure>
    </div>
  );
}

function remindersWords({ reminders }: Draft): string {
  const words = reminders.map(minutesOf).map((minutes) => (minutes === null ? '?' : reminderWords(minutes)));
  return words.length === 0 ? 'None' : words.join(', ');
}
