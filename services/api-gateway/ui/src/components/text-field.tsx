import type { ComponentProps } from 'react';
import { Field } from './field.tsx';

type TextFieldProps = Omit<ComponentProps<'input'>, 'onChange' | 'value' | 'id'> & {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly optional?: boolean;
  readonly testId: string;
  readonly value: string;
  readonly onText: (text: string) => void;
  /** Takes the focus when its dialog opens. */
  readonly first?: boolean;
};

/** A labelled line of text, of whatever input type. */
export function TextField({ label, hint, error, optional, testId, onText, first, ...input }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional ?? false}>
      {(control) => (
        <input
          {...input}
          {...control}
          {...(first ? { 'data-autofocus': true } : {})}
          data-testid={testId}
          onChange={(event) => onText(event.target.value)}
        />
      )}
    </Field>
  );
}

/** Names are typed as they are. */
export const USERNAME_INPUT = {
  name: 'username',
  autoComplete: 'username',
  autoCapitalize: 'none',
  spellCheck: false,
} as const;
