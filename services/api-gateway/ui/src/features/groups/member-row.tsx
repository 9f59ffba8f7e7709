import { useId } from 'react';
import type { Group, GroupMember } from '../../api/groups-api.ts';
import { nameOf } from '../../api/people-api.ts';
import { Icon } from '../../components/icon.tsx';
import { useAgenda } from '../../use-agenda.ts';
import { isCreator, isHierarchical, mayChangeRank, mayHandOverTo, mayRemove } from './group-rules.ts';
import type { GroupQuestion } from './questions.ts';
import { RankForm } from './rank-form.tsx';

interface MemberActionsProps {
  readonly group: Group;
  readonly member: GroupMember;
  readonly viewerId: string;
  readonly onAsk: (question: GroupQuestion) => void;
  readonly onAgenda: () => void;
}

interface MemberRowProps extends MemberActionsProps {
  readonly open: boolean;
  readonly onToggle: () => void;
}

/** One member; of others it opens, and shows what may be done with them. */
export function MemberRow({ group, member, viewerId, open, onToggle, onAsk, onAgenda }: MemberRowProps) {
  const panelId = useId();
  if (member.userId === viewerId) {
    return (
      <li className="member" data-testid="member" data-user={member.username}>
        <div className="member-head">
          <MemberName group={group} member={member} you />
        </div>
      </li>
    );
  }
  return (
    <li className="member" data-testid="member" data-user={member.username}>
      <button
        type="button"
        className="member-head member-toggle"
        aria-expanded={open}
        aria-controls={panelId}
        onClick={onToggle}
      >
        <MemberName group={group} member={member} you={false} />
        <Icon name="down" />
      </button>
      <div id={panelId} className="member-panel" hidden={!open}>
        {open && (
          <MemberActions
            group={group}
            member={member}
            viewerId={viewerId}
            onAsk={onAsk}
            onAgenda={onAgenda}
          />
        )}
      </div>
    </li>
  );
}

function MemberActions({ group, member, viewerId, onAsk, onAgenda }: MemberActionsProps) {
  const { shared } = useAgenda();
  const showAgenda = () => {
    shared.showPerson(member);
    onAgenda();
  };
  return (
    <>
      {mayChangeRank(group, member) && <RankForm group={group} member={member} />}
      <div className="group-actions">
        <button
          type="button"
          className="button button-small"
          onClick={showAgenda}
          data-testid="member-agenda"
        >
          Show agenda
        </button>
        {mayHandOverTo(group, member, viewerId) && (
          <button
            type="button"
            className="button button-small"
            onClick={() => onAsk({ kind: 'hand-over', group, member })}
            data-testid="hand-over"
          >
            Hand the group over
          </button>
        )}
        {mayRemove(group, member, viewerId) && (
          <button
            type="button"
            className="button button-small button-danger-quiet"
            onClick={() => onAsk({ kind: 'remove', group, member })}
            data-testid="remove-member"
          >
            Remove
          </button>
        )}
      </div>
    </>
  );
}

function MemberName({ group, member, you }: { group: Group; member: GroupMember; you: boolean }) {
  const name = nameOf(member);
  return (
    <>
      <span className="row-main">
        <strong>
          {name}
          {you && ' (you)'}
        </strong>
        <span className="row-faint">
          {name !== member.username && member.username}
          {isCreator(group, member.userId) && <span className="tag">Creator</span>}
        </span>
      </span>
      {isHierarchical(group) && (
        <span className="member-rank">
          <span>Rank</span> <strong data-testid="rank">{member.rank}</strong>
        </span>
      )}
    </>
  );
}
