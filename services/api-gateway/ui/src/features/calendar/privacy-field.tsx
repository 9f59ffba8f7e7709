import { useId } from 'react';
import type { Privacy } from '../../api/types.ts';

/** Whom it is about: those who share a group with the owner; who takes part sees all anyhow (design §5). */
export const PRIVACY: Readonly<Record<Privacy, { readonly label: string; readonly means: string }>> = {
  full: {
    label: 'All details',
    means: 'Who shares a group with you sees what it is, where, and who takes part.',
  },
  freebusy: {
    label: 'Only that you are busy',
    means:
      'Who shares a group with you sees only that the time is taken. Those who take part, and those of a higher rank than yours, see all of it.',
  },
};
const CHOICES: readonly Privacy[] = ['full', 'freebusy'];

interface PrivacyFieldProps {
  readonly privacy: Privacy;
  readonly onChange: (privacy: Privacy) => void;
}

export function PrivacyField({ privacy, onChange }: PrivacyFieldProps) {
  const name = useId();
  return (
    <fieldset className="plain scopes">
      <legend className="visually-hidden">What others see</legend>
      {CHOICES.map((choice) => (
        <label key={choice} className="check">
          <input
            type="radio"
            name={name}
            value={choice}
            checked={choice === privacy}
            aria-describedby={`${name}-means`}
            data-testid={`privacy-${choice}`}
            onChange={() => onChange(choice)}
          />
          {PRIVACY[choice].label}
        </label>
      ))}
      <p id={`${name}-means`} className="field-hint">
        {PRIVACY[privacy].means}
      </p>
    </fieldset>
  );
}
