import { useState } from 'react';
import { explain, fieldMessage } from '../../api/problem.ts';
import { Dialog } from '../../components/dialog.tsx';
import { DialogForm } from '../../components/dialog-form.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN } from './password-rules.ts';

export function PasswordDialog({ onClose }: { onClose: () => void }) {
  const { account, toasts } = useAgenda();
  const submit = useSubmit();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');

  const save = async () => {
    const saved = await submit.run({ current, next }, (key) => account.changePassword(current, next, key));
    if (!saved) return;
    toasts.show('info', 'Your password was changed. Your other sessions have ended.');
    onClose();
  };

  return (
    <Dialog title="Change password" onClose={onClose} testId="password-dialog">
      <DialogForm
        busy={submit.busy}
        error={submit.failure === null ? null : explain(submit.failure)}
        saveLabel="Change password"
        saveTestId="password-save"
        onSubmit={save}
        onCancel={onClose}
      >
        <TextField
          label="Current password"
          first
          testId="current-password"
          error={fieldMessage(submit.failure, 'currentPassword')}
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onText={setCurrent}
        />
        <TextField
          label="New password"
          hint={`At least ${PASSWORD_CHARACTERS_MIN} characters. Your other sessions will end.`}
          testId="new-password"
          error={fieldMessage(submit.failure, 'newPassword')}
          type="password"
          autoComplete="new-password"
          required
          minLength={PASSWORD_CHARACTERS_MIN}
          maxLength={PASSWORD_CHARACTERS_MAX}
          value={next}
          onText={setNext}
        />
      </DialogForm>
    </Dialog>
  );
}
