import { useEffect } from 'react';
import type { Group } from '../../api/groups-api.ts';
import { fieldMessage } from '../../api/problem.ts';
import type { AgendaItem, Participant, User } from '../../api/types.ts';
import { Field } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { groupIsAsked } from '../groups/group-rules.ts';
import { PersonSearch } from '../people/person-search.tsx';
import { SAID } from './appointment-people.tsx';
import type { Draft, DraftInvitee } from './draft.ts';
import { type InviteeRow, inviteeRows, whyNotInvited, withInvitee } from './invitees.ts';

interface InviteesFieldsProps {
  readonly draft: Draft;
  /** What is booked already; null: it is new. */
  readonly base: AgendaItem | null;
  readonly user: User;
  readonly failure: unknown;
  readonly onChange: (change: Partial<Draft>) => void;
}

const NOBODY: readonly Participant[] = [];

/** Who is asked: people who are found by name, and one of the viewer's groups. */
export function InviteesFields({ draft, base, user, failure, onChange }: InviteesFieldsProps) {
  const { invitees } = draft;
  const groupMembers = useGroupMembers(base?.groupId ?? null);
  const context = { participants: base?.participants ?? NOBODY, groupMembers, viewerId: user.id };
  const rows = inviteeRows(invitees, context);
  const set = (changed: DraftInvitee) =>
    onChange({ invitees: invitees.map((each) => (each.userId === changed.userId ? changed : each)) });
  const remove = (gone: DraftInvitee) =>
    onChange({ invitees: invitees.filter(({ userId }) => userId !== gone.userId) });
  return (
    <>
      {rows.length > 0 && (
        <ul className="invitees" aria-label="People invited" data-testid="invitees">
          {rows.map((row) => (
            <Invitee key={row.invitee.userId} row={row} onChange={set} onRemove={() => remove(row.invitee)} />
          ))}
        </ul>
      )}
      <Field label="Invite" error={fieldMessage(failure, 'participants')}>
        {(control) => (
          <PersonSearch
            control={control}
            testId="invite"
            unavailable={(person) => whyNotInvited(person, invitees, user.id)}
            onChoose={(person) => onChange({ invitees: withInvitee(invitees, person) })}
          />
        )}
      </Field>
      <GroupField
        groupId={draft.groupId}
        isBooked={base !== null}
        error={fieldMessage(failure, 'groupId')}
        onChange={(groupId) => onChange({ groupId })}
      />
    </>
  );
}

/** Ids; null while they are not known. */
function useGroupMembers(groupId: string | null): ReadonlySet<string> | null {
  const { groups } = useAgenda();
  const { open } = useStore(groups.state);
  useEffect(() => {
    if (groupId === null) return;
    groups.openGroup(groupId);
    return () => groups.closeGroup();
  }, [groups, groupId]);
  if (groupId === null) return new Set();
  return open?.groupId === groupId && open.known ? new Set(open.members.map(({ userId }) => userId)) : null;
}

interface InviteeProps {
  readonly row: InviteeRow;
  readonly onChange: (invitee: DraftInvitee) => void;
  readonly onRemove: () => void;
}

function Invitee({ row, onChange, onRemove }: InviteeProps) {
  const { invitee, participant, isMember, mayRemove } = row;
  return (
    <li data-testid="invitee">
      <span className="invitee-who">
        <span className="invitee-name">{invitee.name}</span>
        <span className="people-said">
          {participant === null ? 'is asked when you save' : SAID[participant.status]}
          {isMember && ', of the group'}
        </span>
        {participant?.conflict && (
          <span className="invitee-conflict">
            <Icon name="warning" /> has something else at that time
          </span>
        )}
      </span>
      <label className="check">
        <input
          type="checkbox"
          aria-label={`${invitee.name} may be missing`}
          data-testid="invitee-optional"
          checked={invitee.optional}
          onChange={(event) => onChange({ ...invitee, optional: event.target.checked })}
        />
        Optional
      </label>
      {mayRemove ? (
        <button
          type="button"
          className="button button-icon"
          aria-label={`Take ${invitee.name} out`}
          data-testid="invitee-remove"
          onClick={onRemove}
        >
          <Icon name="close" />
        </button>
      ) : (
        <span className="invitee-stays" />
      )}
    </li>
  );
}

interface GroupFieldProps {
  readonly groupId: string | null;
  /** It keeps the group that it has, or none. */
  readonly isBooked: boolean;
  readonly error: string | undefined;
  readonly onChange: (groupId: string | null) => void;
}

function GroupField({ groupId, isBooked, error, onChange }: GroupFieldProps) {
  const { groups } = useAgenda();
  const { groups: mine } = useStore(groups.state);
  const chosen = mine.find(({ id }) => id === groupId);
  if (isBooked) {
    if (groupId === null) return null;
    return (
      <p className="field-hint" data-testid="appointment-group">
        It is for the group {chosen?.name ?? 'that it was booked for'}: whoever joins the group is asked too,
        and whoever leaves it drops out.
      </p>
    );
  }
  if (mine.length === 0) return null;
  return (
    <Field label="Invite a whole group" hint={chosen && groupIsAsked(chosen)} error={error}>
      {(control) => (
        <select
          {...control}
          data-testid="invite-group"
          value={groupId ?? ''}
          onChange={(event) => onChange(event.target.value === '' ? null : event.target.value)}
        >
          <option value="">No group</option>
          {mine.map((group: Group) => (
            <option key={group.id} value={group.id}>
              {group.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
