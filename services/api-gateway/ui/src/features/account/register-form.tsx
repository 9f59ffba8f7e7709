import { type FormEvent, useState } from 'react';
import { explain, fieldMessage } from '../../api/problem.ts';
import { Field } from '../../components/field.tsx';
import { FormError } from '../../components/form-error.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { newId } from '../../ids.ts';
import { useAgenda } from '../../use-agenda.ts';
import { deviceTimeZone } from './time-zones.ts';

const PASSWORD_CHARACTERS_MIN = 8;

export function RegisterForm({ onLogIn }: { onLogIn: () => void }) {
  const { account, toasts } = useAgenda();
  const submit = useSubmit();
  const [username, setUsername] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const registration = {
      username: username.trim(),
      displayName: displayName.trim() || username.trim(),
      ...(email.trim() === '' ? {} : { email: email.trim() }),
      password,
      timeZone: deviceTimeZone(),
    };
    const registered = await submit.run(registration, async (key) => {
      await account.register(registration, key);
    });
    if (!registered) return;
    try {
      await account.login(registration.username, password, newId());
    } catch (error) {
      toasts.show('error', `Your account was created. ${explain(error)}`);
      onLogIn();
    }
  };

  const error = (name: string) => fieldMessage(submit.failure, name);
  return (
    <form className="form" onSubmit={onSubmit} aria-busy={submit.busy} data-testid="register-form">
      <Field label="Username" error={error('username')} hint="3 to 64 of a–z, 0–9, “.”, “_” and “-”.">
        {(control) => (
          <input
            {...control}
            name="username"
            data-testid="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            minLength={3}
            maxLength={64}
            value={username}
            onChange={(event) => setUsername(event.target.value)}
          />
        )}
      </Field>
      <Field label="Display name" optional error={error('displayName')}>
        {(control) => (
          <input
            {...control}
            name="displayName"
            data-testid="display-name"
            autoComplete="name"
            value={displayName}
            onChange={(event) => setDisplayName(event.target.value)}
          />
        )}
      </Field>
      <Field label="E-mail" optional error={error('email')}>
        {(control) => (
          <input
            {...control}
            name="email"
            data-testid="email"
            type="email"
            autoComplete="email"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Password"
        error={error('password')}
        hint={`At least ${PASSWORD_CHARACTERS_MIN} characters.`}
      >
        {(control) => (
          <input
            {...control}
            name="password"
            data-testid="password"
            type="password"
            autoComplete="new-password"
            required
            minLength={PASSWORD_CHARACTERS_MIN}
            maxLength={256}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <FormError>{submit.failure === null ? null : explain(submit.failure)}</FormError>
      <button
        type="submit"
        className="button button-primary button-wide"
        disabled={submit.busy}
        data-testid="register-submit"
      >
        {submit.busy ? 'Creating…' : 'Create my account'}
      </button>
    </form>
  );
}
