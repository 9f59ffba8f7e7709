import { type FormEvent, useState } from 'react';
import { explain, fieldMessage } from '../../api/problem.ts';
import { FormError } from '../../components/form-error.tsx';
import { TextField, USERNAME_INPUT } from '../../components/text-field.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { newId } from '../../ids.ts';
import { useAgenda } from '../../use-agenda.ts';
import { PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN } from './password-rules.ts';
import { deviceTimeZone } from './time-zones.ts';

const NOTHING = { username: '', displayName: '', email: '', password: '' };

export function RegisterForm({ onLogIn }: { onLogIn: () => void }) {
  const { register, submit } = useRegistration(onLogIn);
  const [entered, setEntered] = useState(NOTHING);
  const field = (name: keyof typeof NOTHING) => ({
    value: entered[name],
    onText: (text: string) => setEntered({ ...entered, [name]: text }),
    error: fieldMessage(submit.failure, name),
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void register(entered);
  };
  return (
    <form className="form" onSubmit={onSubmit} aria-busy={submit.busy} data-testid="register-form">
      <TextField
        label="Username"
        hint="3 to 64 of a–z, 0–9, “.”, “_” and “-”."
        testId="username"
        {...USERNAME_INPUT}
        required
        minLength={3}
        maxLength={64}
        {...field('username')}
      />
      <TextField
        label="Display name"
        optional
        testId="display-name"
        autoComplete="name"
        {...field('displayName')}
      />
      <TextField
        label="E-mail"
        optional
        testId="email"
        type="email"
        autoComplete="email"
        {...field('email')}
      />
      <TextField
        label="Password"
        hint={`At least ${PASSWORD_CHARACTERS_MIN} characters.`}
        testId="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={PASSWORD_CHARACTERS_MIN}
        maxLength={PASSWORD_CHARACTERS_MAX}
        {...field('password')}
      />
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

/** Registers and logs in; if only the second fails, the account is there and the log-in form takes over. */
function useRegistration(onLogIn: () => void) {
  const { account, toasts } = useAgenda();
  const submit = useSubmit();
  const register = async (entered: typeof NOTHING) => {
    const username = entered.username.trim();
    const email = entered.email.trim();
    const registration = {
      username,
      password: entered.password,
      displayName: entered.displayName.trim() || username,
      timeZone: deviceTimeZone(),
      ...(email === '' ? {} : { email }),
    };
    const registered = await submit.run(registration, async (key) => {
      await account.register(registration, key);
    });
    if (!registered) return;
    try {
      await account.login(username, entered.password, newId());
    } catch (error) {
      toasts.show('error', `Your account was created. ${explain(error)}`);
      onLogIn();
    }
  };
  return { register, submit };
}
