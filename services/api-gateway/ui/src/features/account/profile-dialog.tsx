import { useState } from 'react';
import type { ProfileChange } from '../../api/agenda-api.ts';
import { ApiError, explain, fieldMessage } from '../../api/problem.ts';
import type { User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { DialogForm } from '../../components/dialog-form.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { TimeZoneField } from './time-zone-field.tsx';

export function ProfileDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { account, toasts } = useAgenda();
  const submit = useSubmit();
  const [displayName, setDisplayName] = useState(user.displayName);
  const [email, setEmail] = useState(user.email ?? '');
  const [timeZone, setTimeZone] = useState(user.timeZone);

  const save = async () => {
    const change = changedProfile(user, {
      displayName: displayName.trim(),
      email: email.trim() || null,
      timeZone,
    });
    if (Object.keys(change).length === 0) return onClose();
    const saved = await submit.run({ change, version: user.version }, (key) =>
      account.updateProfile(change, user.version, key),
    );
    if (!saved) return;
    toasts.show('info', 'Your profile was saved.');
    onClose();
  };

  const error = (name: string) => fieldMessage(submit.failure, name);
  return (
    <Dialog title="Profile" onClose={onClose} testId="profile-dialog">
      <DialogForm
        busy={submit.busy}
        error={submit.failure === null ? null : profileError(submit.failure)}
        saveLabel="Save"
        saveTestId="profile-save"
        onSubmit={save}
        onCancel={onClose}
      >
        <TextField
          label="Display name"
          first
          testId="profile-display-name"
          error={error('displayName')}
          autoComplete="name"
          required
          value={displayName}
          onText={setDisplayName}
        />
        <TextField
          label="E-mail"
          optional
          testId="profile-email"
          error={error('email')}
          type="email"
          autoComplete="email"
          value={email}
          onText={setEmail}
        />
        <TimeZoneField value={timeZone} error={error('timeZone')} onChange={setTimeZone} />
      </DialogForm>
    </Dialog>
  );
}

function changedProfile(user: User, entered: Required<ProfileChange>): ProfileChange {
  return {
    ...(entered.displayName === user.displayName ? {} : { displayName: entered.displayName }),
    ...(entered.email === user.email ? {} : { email: entered.email }),
    ...(entered.timeZone === user.timeZone ? {} : { timeZone: entered.timeZone }),
  };
}

function profileError(failure: unknown): string {
  if (failure instanceof ApiError && failure.code === 'version_mismatch') {
    return 'Your profile was changed somewhere else in the meantime. Save again to put these values in its place.';
  }
  return explain(failure);
}
