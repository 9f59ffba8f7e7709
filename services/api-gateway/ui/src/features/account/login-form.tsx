import { type FormEvent, useState } from 'react';
import { explain } from '../../api/problem.ts';
import { FormError } from '../../components/form-error.tsx';
import { TextField, USERNAME_INPUT } from '../../components/text-field.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';

export function LoginForm({ notice }: { notice: string | null }) {
  const { account } = useAgenda();
  const submit = useSubmit();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const name = username.trim();
    void submit.run({ name, password }, (key) => account.login(name, password, key));
  };
  return (
    <form className="form" onSubmit={onSubmit} aria-busy={submit.busy} data-testid="login-form">
      {notice !== null && submit.failure === null && (
        <p className="notice" role="status">
          {notice}
        </p>
      )}
      <TextField
        label="Username"
        testId="username"
        {...USERNAME_INPUT}
        required
        value={username}
        onText={setUsername}
      />
      <TextField
        label="Password"
        testId="password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onText={setPassword}
      />
      <FormError>{submit.failure === null ? null : explain(submit.failure)}</FormError>
      <button
        type="submit"
        className="button button-primary button-wide"
        disabled={submit.busy}
        data-testid="login-submit"
      >
        {submit.busy ? 'Logging in…' : 'Log in'}
      </button>
    </form>
  );
}
