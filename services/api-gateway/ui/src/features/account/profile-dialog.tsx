import { type FormEvent, useMemo, useState } from 'react';
import type { ProfileChange } from '../../api/agenda-api.ts';
import { ApiError, explain, fieldMessage } from '../../api/problem.ts';
import type { User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Field } from '../../components/field.tsx';
import { FormError } from '../../components/form-error.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { knownTimeZones, zoneOffset } from './time-zones.ts';

export function ProfileDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const { account, toasts } = useAgenda();
  const submit = useSubmit();
  const [displayName, setDisplayName] = useState(user.displayName);
  const [email, setEmail] = useState(user.email ?? '');
  const [timeZone, setTimeZone] = useState(user.timeZone);
  const zones = useMemo(() => knownTimeZones(user.timeZone), [user.timeZone]);

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    const change = changedProfile(user, {
      displayName: displayName.trim(),
      email: email.trim() || null,
      timeZone,
    });
    if (Object.keys(change).length === 0) {
      onClose();
      return;
    }
    const saved = await submit.run({ change, version: user.version }, async (key) => {
      try {
        await account.updateProfile(change, user.version, key);
      } catch (error) {
        if (error instanceof ApiError && error.code === 'version_mismatch') await account.reload();
        throw error;
      }
    });
    if (!saved) return;
    toasts.show('info', 'Your profile was saved.');
    onClose();
  };

  const error = (name: string) => fieldMessage(submit.failure, name);
  return (
    <Dialog title="Profile" onClose={onClose} testId="profile-dialog">
      <form className="dialog-form" onSubmit={onSubmit} aria-busy={submit.busy}>
        <div className="dialog-body form">
          <Field label="Display name" error={error('displayName')}>
            {(control) => (
              <input
                {...control}
                data-autofocus
                data-testid="profile-display-name"
                autoComplete="name"
                required
                value={displayName}
                onChange={(event) => setDisplayName(event.target.value)}
              />
            )}
          </Field>
          <Field label="E-mail" optional error={error('email')}>
            {(control) => (
              <input
                {...control}
                data-testid="profile-email"
                type="email"
                autoComplete="email"
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </Field>
          <Field
            label="Time zone"
            error={error('timeZone')}
            hint={`All times are shown in this zone (${zoneOffset(timeZone, Date.now())} now).`}
          >
            {(control) => (
              <select
                {...control}
                data-testid="profile-time-zone"
                value={timeZone}
                onChange={(event) => setTimeZone(event.target.value)}
              >
                {zones.map((zone) => (
                  <option key={zone} value={zone}>
                    {zone.replaceAll('_', ' ')}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <FormError>{submit.failure === null ? null : profileError(submit.failure)}</FormError>
        </div>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button button-primary"
            disabled={submit.busy}
            data-testid="profile-save"
          >
            {submit.busy ? 'Saving…' : 'Save'}
          </button>
        </footer>
      </form>
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
