import { fieldMessage } from '../../api/problem.ts';
import { Field } from '../../components/field.tsx';
import { type Draft, type DraftErrors, TITLE_CHARACTERS_MAX } from './draft.ts';
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
      <Field label="Title" error={errors.title ?? fieldMessage(failure, 'title')}>
        {(control) => (
          <input
            {...control}
            data-autofocus
            data-testid="appointment-title"
            className="input-title"
            autoComplete="off"
            maxLength={TITLE_CHARACTERS_MAX}
            value={draft.title}
            onChange={(event) => set({ title: event.target.value })}
          />
        )}
      </Field>
      <WhenFields draft={draft} errors={errors} failure={failure} onChange={onChange} />
      <Field label="Location" optional error={fieldMessage(failure, 'location')}>
        {(control) => (
          <input
            {...control}
            data-testid="appointment-location"
            autoComplete="off"
            value={draft.location}
            onChange={(event) => set({ location: event.target.value })}
          />
        )}
      </Field>
      <Field label="Notes" optional error={fieldMessage(failure, 'description')}>
        {(control) => (
          <textarea
            {...control}
            data-testid="appointment-description"
            rows={3}
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
