import { type FormEvent, useState } from 'react';
import type { Group, GroupMember } from '../../api/groups-api.ts';
import { nameOf } from '../../api/people-api.ts';
import { explain, fieldMessage } from '../../api/problem.ts';
import { FormError } from '../../components/form-error.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { rankError } from './group-rules.ts';
import { RankField } from './rank-field.tsx';

/** Gives one member another rank. */
export function RankForm({ group, member }: { group: Group; member: GroupMember }) {
  const { groups } = useAgenda();
  const submit = useSubmit();
  const [text, setText] = useState(String(member.rank));
  const [wrong, setWrong] = useState<string | undefined>();
  const [said, setSaid] = useState('');
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const found = rankError(text, group);
    setWrong(found);
    setSaid('');
    if (found !== undefined) return;
    const rank = Number(text);
    const content = { rank, userId: member.userId };
    if (await submit.run(content, (key) => groups.putMember(group.id, member.userId, rank, key)))
      setSaid(`${nameOf(member)} has rank ${rank} now.`);
  };
  const fieldError = wrong ?? fieldMessage(submit.failure, 'rank');
  return (
    <form className="rank-form" onSubmit={save} noValidate aria-busy={submit.busy}>
      <RankField
        group={group}
        value={text}
        error={fieldError}
        testId="member-rank"
        onText={(next) => {
          setText(next);
          setWrong(undefined);
          submit.clear();
        }}
      />
      <button type="submit" className="button" disabled={submit.busy} data-testid="save-rank">
        {submit.busy ? 'Saving…' : 'Change rank'}
      </button>
      <p className="rank-said" role="status">
        {said}
      </p>
      <FormError>{submit.failure !== null && fieldError === undefined && explain(submit.failure)}</FormError>
    </form>
  );
}
