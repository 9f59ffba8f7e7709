import { type FormEvent, useState } from 'react';
import { explain } from '../../api/problem.ts';
import { Field } from '../../components/field.tsx';
import { FormError } from '../../components/form-error.tsx';
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
      <Field label="Username">
        {(control) => (
          <input
            {...control}
            name="username"
            data-testid="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            value={username}
            onChange={(event) => setUsername(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password">
        {(control) => (
          <input
            {...control}
            name="password"
            data-testid="password"
            type="password"
            autoComplete="current-password"
            required
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
        data-testid="login-submit"
      >
        {submit.busy ? 'Logging in…' : 'Log in'}
      </button>
    </form>
  );
}
