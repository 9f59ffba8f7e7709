import { ApiError, explain } from '../../api/problem.ts';
import { DialogForm } from '../../components/dialog-form.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda, useStore } from '../../use-agenda.ts';
import type { GroupsStore } from './groups-store.ts';
import { ACTIONS, consequencesOf, doneOf, type GroupQuestion } from './questions.ts';

interface QuestionFormProps {
  readonly question: GroupQuestion;
  /** @param said What was done. */
  readonly onDone: (said: string) => void;
  readonly onCancel: () => void;
}

/** Says what will happen, and does it when told to. */
export function QuestionForm({ question, onDone, onCancel }: QuestionFormProps) {
  const { groups } = useAgenda();
  const submit = useSubmit();
  const known = useStore(groups.state).groups.find(({ id }) => id === question.group.id);
  const version = known?.version ?? question.group.version;
  const answer = async () => {
    const content = { question: question.kind, version };
    const done = await submit.run(content, (key) => carryOut(groups, question, version, key));
    if (done) onDone(doneOf(question));
  };
  return (
    <DialogForm
      busy={submit.busy}
      error={submit.failure === null ? null : failureText(submit.failure)}
      saveLabel={ACTIONS[question.kind]}
      saveTestId="group-confirm"
      danger={question.kind !== 'hand-over'}
      onSubmit={answer}
      onCancel={onCancel}
    >
      <p>{consequencesOf(question)}</p>
    </DialogForm>
  );
}

function carryOut(groups: GroupsStore, question: GroupQuestion, version: number, key: string): Promise<void> {
  const { id } = question.group;
  switch (question.kind) {
    case 'delete':
      return groups.delete(id, version, key);
    case 'leave':
      return groups.leave(id, key);
    case 'remove':
      return groups.removeMember(id, question.member.userId, key);
    case 'hand-over':
      return groups.handOver(id, question.member.userId, key);
  }
}

function failureText(failure: unknown): string {
  if (failure instanceof ApiError && failure.code === 'version_mismatch')
    return 'The group was changed somewhere else in the meantime. Look at it again, or go on.';
  return explain(failure);
}
