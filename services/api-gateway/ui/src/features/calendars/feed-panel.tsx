import { useState } from 'react';
import type { Group } from '../../api/groups-api.ts';
import { explain } from '../../api/problem.ts';
import { FormError } from '../../components/form-error.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { FeedAddress } from './feed-address.tsx';
import { WhoseField } from './whose-field.tsx';

/** Makes and revokes the secret address of one's own agenda, or of a group that one created. */
export function FeedPanel({ groups }: { groups: readonly Group[] }) {
  const { calendars, toasts } = useAgenda();
  const submit = useSubmit();
  const [groupId, setGroupId] = useState<string | null>(null);
  const [path, setPath] = useState<string | null>(null);
  const choose = (next: string | null) => {
    setGroupId(next);
    setPath(null);
    submit.clear();
  };
  const make = () =>
    submit.run({ feed: groupId, before: path }, async (key) =>
      setPath(await calendars.makeFeed(groupId, key)),
    );
  const revoke = async () => {
    const content = { revoke: groupId };
    if (!(await submit.run(content, (key) => calendars.revokeFeed(groupId, key)))) return;
    setPath(null);
    toasts.show('info', 'The address was revoked: calendar apps can no longer read it.');
  };
  return (
    <>
      <div className="dialog-body form">
        <p className="dialog-lead">
          A calendar app on your phone or computer can subscribe to an address and show this agenda beside
          others. Whoever has the address can read it without logging in, so it is a secret.
        </p>
        <WhoseField groups={groups} groupId={groupId} onChange={choose} />
        {path === null ? (
          <p className="dialog-warning">
            There is one address at a time. Making a new one ends the one before: calendar apps that use it
            stop.
          </p>
        ) : (
          <FeedAddress url={location.origin + path} />
        )}
        <FormError>{submit.failure === null ? null : explain(submit.failure)}</FormError>
      </div>
      <footer className="dialog-foot">
        <button
          type="button"
          className="button button-quiet button-danger-quiet dialog-foot-start"
          disabled={submit.busy}
          onClick={() => void revoke()}
          data-testid="feed-revoke"
        >
          Revoke
        </button>
        <button
          type="button"
          className={path === null ? 'button button-primary' : 'button'}
          disabled={submit.busy}
          onClick={() => void make()}
          data-testid="feed-make"
        >
          {path === null ? 'Make a new address' : 'Make another one'}
        </button>
      </footer>
    </>
  );
}
