import { useMemo } from 'react';
import { Field } from '../../components/field.tsx';
import { LOCALE } from '../../locale.ts';
import { knownTimeZones } from '../account/time-zones.ts';
import { type Draft, draftSpan } from './draft.ts';
import { formatSpan } from './zoned-time.ts';

interface AppointmentZoneFieldProps {
  readonly draft: Draft;
  readonly viewerZone: string;
  readonly error: string | undefined;
  readonly onChange: (timeZone: string) => void;
}

/** "America/New York" */
export function zoneName(timeZone: string): string {
  return timeZone.replaceAll('_', ' ');
}

/** On whose clock the times of the form are: where it takes place, which need not be where its owner is. */
export function AppointmentZoneField({ draft, viewerZone, error, onChange }: AppointmentZoneFieldProps) {
  const { timeZone } = draft;
  const zones = useMemo(() => knownTimeZones(timeZone), [timeZone]);
  return (
    <Field label="Time zone" error={error} hint={zoneHint(draft, viewerZone)}>
      {(control) => (
        <select
          {...control}
          data-testid="appointment-time-zone"
          value={timeZone}
          onChange={(event) => onChange(event.target.value)}
        >
          {zones.map((zone) => (
            <option key={zone} value={zone}>
              {zoneName(zone)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function zoneHint(draft: Draft, viewerZone: string): string {
  const { timeZone, allDay } = draft;
  if (timeZone === viewerZone) return 'The times above are on the clock of this zone, which is yours.';
  const { start, end } = draftSpan(draft);
  if (start === null || end === null || end <= start || allDay)
    return `The times above are on the clock of this zone. Yours is ${zoneName(viewerZone)}.`;
  const yours = formatSpan({ start, end, timeZone, allDay }, viewerZone, LOCALE);
  return `The times above are on the clock of this zone. On yours (${zoneName(viewerZone)}) it is ${yours}.`;
}
