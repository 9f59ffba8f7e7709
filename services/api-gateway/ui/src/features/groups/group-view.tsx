import { useState } from 'react';
import type { Group, GroupMember } from '../../api/groups-api.ts';
import { FormError } from '../../components/form-error.tsx';
import { Icon } from '../../components/icon.tsx';
import { useAgenda } from '../../use-agenda.ts';
import { isCreator, isHierarchical, kindOf, mayAdd, mayLeave, membersText } from './group-rules.ts';
import { MemberRow } from './member-row.tsx';
import type { GroupQuestion } from './questions.ts';

interface GroupViewProps {
  readonly group: Group;
  /** Null: not known yet. */
  readonly members: readonly GroupMember[] | null;
  readonly error: string | null;
  readonly viewerId: string;
  readonly onAdd: () => void;
  readonly onEdit: () => void;
  readonly onAsk: (question: GroupQuestion) => void;
  readonly onAgenda: () => void;
  readonly onFindTime: () => void;
}

export function GroupView(props: GroupViewProps) {
  const { group, members, viewerId, onAsk, onAgenda } = props;
  const { shared } = useAgenda();
  const [openMember, setOpenMember] = useState<string | null>(null);
  const kind = kindOf(group);
  const count = members?.length ?? group.memberCount;
  const showAgenda = () => {
    shared.showGroup(group.id);
    onAgenda();
  };
  return (
    <>
      <div className="dialog-body">
        {group.description !== '' && <p className="as-written">{group.description}</p>}
        <p className="dialog-lead">
          <strong>{kind.name}.</strong> {kind.means}
        </p>
        <div className="group-actions">
          <button type="button" className="button" onClick={showAgenda} data-testid="group-agenda">
            Show agenda
          </button>
          {count > 1 && (
            <button type="button" className="button" onClick={props.onFindTime} data-testid="group-find-time">
              <Icon name="clock" />
              Find a time
            </button>
          )}
          {mayAdd(group, viewerId) && (
            <button type="button" className="button" onClick={props.onAdd} data-testid="add-members">
              <Icon name="plus" />
              Add people
            </button>
          )}
          {isCreator(group, viewerId) && (
            <button type="button" className="button" onClick={props.onEdit} data-testid="edit-group">
              Edit
            </button>
          )}
        </div>
        <FormError>{props.error}</FormError>
        <section aria-label="Members">
          <h3 className="group-part">
            {membersText(count)}
            {isHierarchical(group) && <span> Your rank: {group.myRank ?? ''}</span>}
          </h3>
          {members === null ? (
            <p className="empty">Loading…</p>
          ) : (
            <ul className="members" data-testid="members">
              {members.map((member) => (
                <MemberRow
                  key={member.userId}
                  group={group}
                  member={member}
                  viewerId={viewerId}
                  open={openMember === member.userId}
                  onToggle={() => setOpenMember(openMember === member.userId ? null : member.userId)}
                  onAsk={onAsk}
                  onAgenda={onAgenda}
                />
              ))}
            </ul>
          )}
        </section>
        {isCreator(group, viewerId) && count > 1 && (
          <p className="dialog-lead">To leave, hand the group over to a member first.</p>
        )}
      </div>
      <footer className="dialog-foot">
        <button
          type="button"
          className="button button-quiet button-danger-quiet dialog-foot-start"
          onClick={() => onAsk({ kind: mayLeave(group, viewerId) ? 'leave' : 'delete', group })}
          data-testid={mayLeave(group, viewerId) ? 'leave-group' : 'delete-group'}
        >
          {mayLeave(group, viewerId) ? 'Leave group' : 'Delete group'}
        </button>
      </footer>
    </>
  );
}
