import { useMemo } from 'react';
import { Field } from '../../components/field.tsx';
import { knownTimeZones, zoneOffset } from './time-zones.ts';

interface TimeZoneFieldProps {
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (timeZone: string) => void;
}

export function TimeZoneField({ value, error, onChange }: TimeZoneFieldProps) {
  const zones = useMemo(() => knownTimeZones(value), [value]);
  const hint = `All times are shown in this zone (${zoneOffset(value, Date.now())} now).`;
  return (
    <Field label="Time zone" error={error} hint={hint}>
      {(control) => (
        <select
          {...control}
          data-testid="profile-time-zone"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        >
          {zones.map((zone) => (
            <option key={zone} value={zone}>
              {zone.replaceAll('_', ' ')}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
