import { type FormEvent, useState } from 'react';
import { explain, fieldMessage } from '../../api/problem.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Field } from '../../components/field.tsx';
import { FormError } from '../../components/form-error.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';

const PASSWORD_CHARACTERS_MIN = 8;

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const { account, toasts } = useAgenda();
  const submit = useSubmit();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const saved = await submit.run({ current, next }, (key) => account.changePassword(current, next, key));
    if (!saved) return;
    toasts.show('info', 'Your password was changed. Your other sessions have ended.');
    onClose();
  };

  return (
    <Dialog title="Change password" onClose={onClose} testId="password-dialog">
      <form className="dialog-form" onSubmit={onSubmit} aria-busy={submit.busy}>
        <div className="dialog-body form">
          <Field label="Current password" error={fieldMessage(submit.failure, 'currentPassword')}>
            {(control) => (
              <input
                {...control}
                data-autofocus
                data-testid="current-password"
                type="password"
                autoComplete="current-password"
                required
                value={current}
                onChange={(event) => setCurrent(event.target.value)}
              />
            )}
          </Field>
          <Field
            label="New password"
            error={fieldMessage(submit.failure, 'newPassword')}
            hint={`At least ${PASSWORD_CHARACTERS_MIN} characters. Your other sessions will end.`}
          >
            {(control) => (
              <input
                {...control}
                data-testid="new-password"
                type="password"
                autoComplete="new-password"
                required
                minLength={PASSWORD_CHARACTERS_MIN}
                maxLength={256}
                value={next}
                onChange={(event) => setNext(event.target.value)}
              />
            )}
          </Field>
          <FormError>{submit.failure === null ? null : explain(submit.failure)}</FormError>
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button button-primary"
            disabled={submit.busy}
            data-testid="password-save"
          >
            {submit.busy ? 'Changing…' : 'Change password'}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
