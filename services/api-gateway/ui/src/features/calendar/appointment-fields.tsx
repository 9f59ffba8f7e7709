import { fieldMessage } from '../../api/problem.ts';
import { Field } from '../../components/field.tsx';
import { TextField } from '../../components/text-field.tsx';
import {
  DESCRIPTION_CHARACTERS_MAX,
  type Draft,
  type DraftErrors,
  LOCATION_CHARACTERS_MAX,
  TITLE_CHARACTERS_MAX,
} from './draft.ts';
import { WhenFields } from './when-fields.tsx';

interface AppointmentFieldsProps {
  readonly draft: Draft;
  readonly errors: DraftErrors;
  /** What the server said about the last try. */
  readonly failure: unknown;
  readonly readOnly: boolean;
  readonly onChange: (draft: Draft) => void;
}

export function AppointmentFields({ draft, errors, failure, readOnly, onChange }: AppointmentFieldsProps) {
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
      <WhenFields draft={draft} errors={errors} failure={failure} onChange={onChange} />
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
            rows={3}
            maxLength={DESCRIPTION_CHARACTERS_MAX}
            value={draft.description}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      <Field label="Others see">
        {(control) => (
          <select
            {...control}
            data-testid="appointment-privacy"
            value={draft.privacy}
            onChange={(event) => set({ privacy: event.target.value === 'freebusy' ? 'freebusy' : 'full' })}
          >
            <option value="full">All details</option>
            <option value="freebusy">Only that you are busy</option>
          </select>
        )}
      </Field>
    </fieldset>
  );
}
