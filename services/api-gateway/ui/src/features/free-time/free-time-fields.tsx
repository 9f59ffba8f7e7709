import type { Group } from '../../api/groups-api.ts';
import type { Person } from '../../api/people-api.ts';
import { Field } from '../../components/field.tsx';
import { TextField } from '../../components/text-field.tsx';
import { PeopleField } from '../people/people-field.tsx';
import {
  BUFFERS,
  DURATION_MINUTES_MAX,
  DURATIONS,
  type FreeTimeErrors,
  type FreeTimeForm,
  PEOPLE_MAX,
} from './free-time-form.ts';
import { durationText } from './free-time-words.ts';
import { HoursFields } from './hours-fields.tsx';

interface FreeTimeFieldsProps {
  readonly form: FreeTimeForm;
  readonly errors: FreeTimeErrors;
  readonly groups: readonly Group[];
  readonly viewerId: string;
  readonly onChange: (form: FreeTimeForm) => void;
}

const OTHER = 'other';

/** Who is to meet, for how long, between which days and at which hours. */
export function FreeTimeFields({ form, errors, groups, viewerId, onChange }: FreeTimeFieldsProps) {
  const set = (change: Partial<FreeTimeForm>) => onChange({ ...form, ...change });
  return (
    <>
      <WhoFields form={form} groups={groups} viewerId={viewerId} onChange={onChange} />
      <div className="pair">
        <Field label="How long">
          {(control) => (
            <select
              {...control}
              value={form.minutes ?? OTHER}
              onChange={({ target }) =>
                set({ minutes: target.value === OTHER ? null : Number(target.value) })
              }
              data-testid="free-time-duration"
            >
              {DURATIONS.map((minutes) => (
                <option key={minutes} value={minutes}>
                  {durationText(minutes)}
                </option>
              ))}
              <option value={OTHER}>Other…</option>
            </select>
          )}
        </Field>
        <Field label="Free before and after">
          {(control) => (
            <select
              {...control}
              value={form.bufferMinutes}
              onChange={({ target }) => set({ bufferMinutes: Number(target.value) })}
              data-testid="free-time-buffer"
            >
              {BUFFERS.map((minutes) => (
                <option key={minutes} value={minutes}>
                  {minutes === 0 ? 'Nothing' : durationText(minutes)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {form.minutes === null && (
        <TextField
          label="Minutes"
          testId="free-time-minutes"
          error={errors.minutes}
          inputMode="numeric"
          autoComplete="off"
          maxLength={String(DURATION_MINUTES_MAX).length}
          value={form.typedMinutes}
          onText={(typedMinutes) => set({ typedMinutes })}
        />
      )}
      <div className="pair">
        <TextField
          label="First day"
          type="date"
          testId="free-time-first-day"
          value={form.firstDay}
          onText={(firstDay) => set({ firstDay })}
        />
        <TextField
          label="Last day"
          type="date"
          testId="free-time-last-day"
          error={errors.lastDay}
          value={form.lastDay}
          onText={(lastDay) => set({ lastDay })}
        />
      </div>
      <HoursFields form={form} errors={errors} onChange={onChange} />
    </>
  );
}

function WhoFields({
  form,
  groups,
  viewerId,
  onChange,
}: Pick<FreeTimeFieldsProps, 'form' | 'groups' | 'viewerId' | 'onChange'>) {
  const set = (change: Partial<FreeTimeForm>) => onChange({ ...form, ...change });
  const whyNot = (others: readonly Person[]) => (person: Person) => {
    if (person.id === viewerId) return 'you';
    return others.some(({ id }) => id === person.id) ? 'chosen' : undefined;
  };
  return (
    <>
      {groups.length > 0 && (
        <Field label="All of a group" optional>
          {(control) => (
            <select
              {...control}
              value={form.groupId ?? ''}
              onChange={({ target }) => set({ groupId: target.value || null })}
              data-testid="free-time-group"
            >
              <option value="">No group</option>
              {groups.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <PeopleField
        label="Who has to come, beside you"
        first
        testId="free-time-people"
        value={form.people}
        onChange={(people) => set({ people })}
        peopleMax={PEOPLE_MAX}
        unavailable={whyNot(form.optional)}
      />
      <PeopleField
        label="Who comes if they can"
        optional
        testId="free-time-optional"
        hint={form.groupId === null ? undefined : 'People of the group, too: they need not come then.'}
        value={form.optional}
        onChange={(optional) => set({ optional })}
        peopleMax={PEOPLE_MAX}
        unavailable={whyNot(form.people)}
      />
    </>
  );
}
