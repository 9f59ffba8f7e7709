import type { User } from '../../api/types.ts';
import { FormError } from '../../components/form-error.tsx';
import { Icon } from '../../components/icon.tsx';
import { isCreator, isHierarchical, membersText } from './group-rules.ts';
import type { GroupsState } from './groups-store.ts';

interface GroupListProps {
  readonly state: GroupsState;
  readonly user: User;
  readonly onOpen: (groupId: string) => void;
  readonly onNew: () => void;
}

export function GroupList({ state, user, onOpen, onNew }: GroupListProps) {
  return (
    <div className="dialog-body">
      <FormError>{state.error}</FormError>
      {state.groups.length === 0 && (
        <p className="empty">
          {state.known
            ? 'You are in no group yet. A family, a team or a department plans together in one, and sees when its people are free.'
            : state.error === null && 'Loading…'}
        </p>
      )}
      {state.groups.length > 0 && (
        <ul className="rows" data-testid="groups">
          {state.groups.map((group) => (
            <li key={group.id}>
              <button
                type="button"
                className="row row-button"
                onClick={() => onOpen(group.id)}
                data-testid="group-row"
              >
                <span className="row-main">
                  <strong>{group.name}</strong>
                  <span className="row-faint">
                    {membersText(group.memberCount)}
                    {isHierarchical(group) && ` · your rank ${group.myRank ?? ''}`}
                    {isCreator(group, user.id) && ' · yours'}
                  </span>
                </span>
                <Icon name="right" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <button
        type="button"
        className="button button-primary button-wide"
        onClick={onNew}
        data-testid="new-group"
      >
        <Icon name="plus" />
        New group
      </button>
    </div>
  );
}
