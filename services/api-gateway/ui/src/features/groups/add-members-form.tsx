import { useState } from 'react';
import type { Group, GroupMember } from '../../api/groups-api.ts';
import { nameOf, type Person } from '../../api/people-api.ts';
import { explain, fieldMessage } from '../../api/problem.ts';
import { DialogForm } from '../../components/dialog-form.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { PeopleField } from '../people/people-field.tsx';
import { isHierarchical, rankError, rankGivenMax } from './group-rules.ts';
import { RankField } from './rank-field.tsx';

/** Each is a write of its own; whoever adds a whole department comes back for the rest. */
const ADDED_AT_ONCE_MAX = 20;

interface AddMembersFormProps {
  readonly group: Group;
  readonly members: readonly GroupMember[];
  /** @param said What was done. */
  readonly onDone: (said: string) => void;
  readonly onCancel: () => void;
}

/** Finds people by name and adds them, all with one rank. */
export function AddMembersForm({ group, members, onDone, onCancel }: AddMembersFormProps) {
  const { groups } = useAgenda();
  const submit = useSubmit();
  const [people, setPeople] = useState<readonly Person[]>([]);
  const [rank, setRank] = useState(rankGivenMax(group) === 1 ? '1' : '');
  const [wrong, setWrong] = useState<{ people?: string; rank?: string }>({});
  const ranked = isHierarchical(group);
  // Whom the last failure is about: those before are members already.
  const [failing, setFailing] = useState<Person | null>(null);

  const edited = () => {
    setWrong({});
    submit.clear();
  };

  const save = async () => {
    const badRank = ranked ? rankError(rank, group) : undefined;
    const found = {
      ...(people.length === 0 ? { people: 'Choose somebody from those who are found.' } : {}),
      ...(badRank === undefined ? {} : { rank: badRank }),
    };
    setWrong(found);
    if (Object.keys(found).length > 0) return;
    const given = ranked ? Number(rank) : null;
    for (const [at, person] of people.entries()) {
      const content = { userId: person.id, rank: given };
      setFailing(person);
      const added = await submit.run(content, (key) => groups.putMember(group.id, person.id, given, key));
      setPeople(people.slice(added ? at + 1 : at));
      if (!added) return;
    }
    onDone(people.length === 1 ? `Added ${nameOf(people[0]!)}.` : `Added ${people.length} people.`);
  };

  const rankProblem = wrong.rank ?? fieldMessage(submit.failure, 'rank');
  return (
    <DialogForm
      busy={submit.busy}
      error={
        submit.failure !== null &&
        failing !== null &&
        `${nameOf(failing)} was not added. ${explain(submit.failure)}`
      }
      saveLabel="Add"
      saveTestId="add-members-save"
      onSubmit={save}
      onCancel={onCancel}
    >
      <PeopleField
        label="People"
        first
        testId="add-people"
        hint="They are invited to what the group has planned from now on."
        error={wrong.people}
        value={people}
        onChange={(chosen) => {
          setPeople(chosen);
          edited();
        }}
        peopleMax={ADDED_AT_ONCE_MAX}
        unavailable={({ id }) => (members.some(({ userId }) => userId === id) ? 'a member' : undefined)}
      />
      {ranked && (
        <RankField
          group={group}
          value={rank}
          error={rankProblem}
          testId="add-rank"
          onText={(text) => {
            setRank(text);
            edited();
          }}
        />
      )}
    </DialogForm>
  );
}
