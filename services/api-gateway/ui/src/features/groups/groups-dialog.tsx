import '../../styles/groups.css';
import { useEffect, useState } from 'react';
import type { Group } from '../../api/groups-api.ts';
import type { User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { AddMembersForm } from './add-members-form.tsx';
import { GroupForm } from './group-form.tsx';
import { GroupList } from './group-list.tsx';
import { QuestionForm } from './group-question.tsx';
import { GroupView } from './group-view.tsx';
import { type GroupQuestion, titleOf } from './questions.ts';

type View =
  | { readonly kind: 'list' }
  | { readonly kind: 'new' }
  | { readonly kind: 'group'; readonly groupId: string }
  | { readonly kind: 'edit'; readonly groupId: string }
  | { readonly kind: 'add'; readonly groupId: string }
  | { readonly kind: 'question'; readonly question: GroupQuestion };

interface GroupsDialogProps {
  readonly user: User;
  /** Opened at once; null: the list. */
  readonly groupId: string | null;
  /** An agenda was chosen to be shown. */
  readonly onAgenda: () => void;
  /** A time is to be found for that group. */
  readonly onFindTime: (groupId: string) => void;
  readonly onClose: () => void;
}

const LIST: View = { kind: 'list' };

/** The groups that one is in, and all that is done with them. */
export function GroupsDialog({ user, groupId, onAgenda, onFindTime, onClose }: GroupsDialogProps) {
  const { groups } = useAgenda();
  const state = useStore(groups.state);
  const [view, setView] = useState<View>(groupId === null ? LIST : { kind: 'group', groupId });
  // What was done last, said where it was done: the page's own messages are behind the dialog.
  const [said, setSaid] = useState('');
  const shownId = groupIdOf(view);
  useEffect(() => {
    if (shownId === null) groups.closeGroup();
    else groups.openGroup(shownId);
  }, [groups, shownId]);
  useEffect(() => () => groups.closeGroup(), [groups]);

  const group = state.groups.find(({ id }) => id === shownId);
  const go = (next: View, done = '') => {
    setView(next);
    setSaid(done);
  };
  const show = (id: string, done = '') => go({ kind: 'group', groupId: id }, done);
  const toGroup = (done = '') => (shownId === null ? go(LIST, done) : show(shownId, done));
  const title = group === undefined ? titleWithout(view) : titleWith(view, group);
  const onBack = view.kind === 'list' ? undefined : isOfGroup(view) ? () => toGroup() : () => go(LIST);
  return (
    <Dialog
      title={title}
      view={`${view.kind} ${shownId}`}
      onBack={onBack}
      onClose={onClose}
      testId="groups-dialog"
    >
      <p className="dialog-said" role="status">
        {said}
      </p>
      {content()}
    </Dialog>
  );

  function content() {
    if (view.kind === 'list') {
      return (
        <GroupList state={state} user={user} onOpen={(id) => show(id)} onNew={() => go({ kind: 'new' })} />
      );
    }
    if (view.kind === 'new')
      return <GroupForm group={null} onDone={({ id }) => show(id)} onCancel={() => go(LIST)} />;
    if (view.kind === 'question') {
      const { question } = view;
      const staysIn = question.kind === 'remove' || question.kind === 'hand-over';
      return (
        <QuestionForm
          question={question}
          onDone={(done) => (staysIn ? toGroup(done) : go(LIST, done))}
          onCancel={() => toGroup()}
        />
      );
    }
    if (group === undefined) return <NoGroup known={state.known} />;
    if (view.kind === 'edit')
      return <GroupForm group={group} onDone={() => toGroup()} onCancel={() => toGroup()} />;
    const members = state.open?.groupId === group.id ? state.open : null;
    if (view.kind === 'add')
      return (
        <AddMembersForm
          group={group}
          members={members?.members ?? []}
          onDone={toGroup}
          onCancel={() => toGroup()}
        />
      );
    return (
      <GroupView
        group={group}
        members={members?.known ? members.members : null}
        error={state.error}
        viewerId={user.id}
        onAdd={() => go({ kind: 'add', groupId: group.id })}
        onEdit={() => go({ kind: 'edit', groupId: group.id })}
        onAsk={(question) => go({ kind: 'question', question })}
        onAgenda={onAgenda}
        onFindTime={() => onFindTime(group.id)}
      />
    );
  }
}

function NoGroup({ known }: { known: boolean }) {
  return (
    <p className="empty" role="status">
      {known ? 'This group no longer exists, or you are no longer in it.' : 'Loading…'}
    </p>
  );
}

function groupIdOf(view: View): string | null {
  if (view.kind === 'question') return view.question.group.id;
  return 'groupId' in view ? view.groupId : null;
}

function isOfGroup({ kind }: View): boolean {
  return kind === 'edit' || kind === 'add' || kind === 'question';
}

function titleWithout(view: View): string {
  if (view.kind === 'question') return titleOf(view.question);
  return view.kind === 'new' ? 'New group' : view.kind === 'list' ? 'Groups' : 'Group';
}

function titleWith(view: View, { name }: Group): string {
  if (view.kind === 'question') return titleOf(view.question);
  return view.kind === 'edit' ? `Edit ${name}` : view.kind === 'add' ? `Add people to ${name}` : name;
}
